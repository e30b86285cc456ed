/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_SPEC_TEXT_H
#define TESTS_CORE_SPEC_TEXT_H

/* Specs written in one line, for tests: see support.h. */

#include "core/spec.h"

struct spec *world_spec(const char *tree);

#endif
