/* SPDX-License-Identifier: MIT */
#ifndef WIRE_NUMBER_H
#define WIRE_NUMBER_H

/* Little-endian numbers of 1 to 8 bytes, at any alignment. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void number_store(uint8_t *at, uint64_t value, size_t size)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* One instruction where the size is a constant. */
	memcpy(at, &value, size);
#else
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * i));
#endif
}

static inline uint64_t number_load(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&value, at, size);
#else
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)at[i] << (8 * i);
#endif
	return value;
}

#endif
