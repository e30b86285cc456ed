/* SPDX-License-Identifier: MIT */

/* The cleanup function that needs no type: see macros.h for how ownership is declared. */

#include "base/macros.h"

#include <stdlib.h>
#include <string.h>

void cleanup_free(void *ptr_to_ptr)
{
	void *memory;

	/* The variable may have any pointer type: its bytes are copied, its type is not assumed. */
	memcpy(&memory, ptr_to_ptr, sizeof(memory));
	free(memory);
}
