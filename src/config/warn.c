/* SPDX-License-Identifier: MIT */

/*
 * How often a child can be restarted within a period: the k-th restart waits restart_delay * 2^k,
 * at most restart_delay_max; jitter only adds to it. Under give_up = hold every child has a window
 * of its own, else the restarts of all children count together.
 */

#include "config/warn.h"

#include "base/macros.h"
#include "config/loader.h"

/* Restarts of one child within the period, at most `enough`. */
static uint32_t count_restarts(const struct spec *spec, struct span period, uint32_t enough)
{
	int64_t delay = spec->restart_delay.ns;
	int64_t passed = 0;
	uint32_t n = 1;

	if (spec->restart == RESTART_TEMPORARY)
		return 0;
	if (delay == 0)
		return enough;
	for (; n < enough; n++) {
		if (delay > period.ns - passed)
			break;
		passed += delay;
		delay = delay > spec->restart_delay_max.ns / 2 ? spec->restart_delay_max.ns
							       : delay * 2;
	}
	return n;
}

/* Gives up at enough restarts; can its children have as many? */
static void warn_unreachable(struct loader *loader, const struct section *section)
{
	const struct spec *spec = section->spec;
	const uint32_t enough = spec->intensity + 1;
	bool delayed = false;
	uint32_t most = 0;
	char period[SPAN_TEXT_MAX];

	for (uint32_t i = 0; i < spec->n_children; i++) {
		uint32_t n = count_restarts(spec->children[i], spec->period, enough);

		delayed |= spec->children[i]->restart_delay.ns > 0;
		most = spec->give_up == GIVE_UP_HOLD ? MAX_OF(most, n) : MIN_OF(most + n, enough);
	}
	if (!delayed || most >= enough)
		return;
	loader_complain(
		loader, CONFIG_WARNING, section->file, section_line(section, "intensity"),
		"supervisor %s can never give up: its children's restart_delay allows at most %u "
		"restarts in %s, and it takes %u; lengthen period or lower intensity",
		section->path, most, span_format(spec->period, period), enough);
}

void loader_warn(struct loader *loader)
{
	const struct config_places *places = loader->places;

	for (size_t i = 0; i < places->n_sections; i++) {
		const struct section *section = places->sections[i];

		if (section->kind != SECTION_SUPERVISOR)
			continue;
		warn_unreachable(loader, section);
		if (section->spec->restart == RESTART_TRANSIENT)
			loader_complain(
				loader, CONFIG_WARNING, section->file,
				section_line(section, "restart"),
				"supervisor %s is transient: when it gives up it ends with "
				"shutdown, "
				"which is a normal end, so nobody restarts it; use permanent",
				section->path);
	}
}
