/* SPDX-License-Identifier: MIT */

/*
 * Lines of one log. Where only the last ones are wanted, they are counted from the newest file
 * back; with a filter, from a place that is moved back until there are enough behind it.
 */

#include "supctl/logs_series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "supctl/logs_daemon.h"

/* Lines that are looked at first for each one that is to match. */
#define LOOK_BACK 16
#define LOOK_BACK_MIN 2000

void log_series_init(struct log_series *s, struct log_pool *pool, const struct log_place *place)
{
	*s = (struct log_series){
		.name = place->name,
		.file = place->file,
		.kind = place->kind,
		.raw = place->raw,
		.pool = pool,
		.at = LOG_LIVE,
		.limit = -1,
		.known = {-1},
		.begun = !pool->wish->has_since,
		.rank = {-1},
		.text = BUF_INIT,
	};
	list_init(&s->used);
}

void log_series_fini(struct log_series *s)
{
	log_files_shut(s);
	names_fini(&s->old);
	buf_fini(&s->text);
}

bool log_wish_matches(const struct log_wish *wish, const struct log_line *line)
{
	regmatch_t match = {.rm_so = 0, .rm_eo = (regoff_t)line->size};

	return !wish->grep ||
	       regexec(&wish->regex, line->text ? line->text : "", 1, &match, REG_STARTEND) == 0;
}

/* ---- times ---- */

/* When the file in hand was last written. */
static struct utc time_of_file(const struct log_series *s)
{
	struct stat st;

	if (s->at.us != LOG_LIVE.us)
		return s->at;
	if (!s->reader || fstat(reader_fd(s->reader), &st) < 0)
		return utc_now();
	return (struct utc){(int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000};
}

/* What the line sorts by; the series' rank never falls. */
static void set_rank(struct log_series *s, const struct log_line *line)
{
	struct utc time = line->has_time ? line->time : s->rank;

	if (s->timeless && s->rank.us < 0)
		time = time_of_file(s);
	if (time.us > s->rank.us)
		s->rank = time;
}

/* Of files without times inside each has its own. */
static void forget_rank(struct log_series *s)
{
	if (s->timeless)
		s->rank = (struct utc){-1};
}

/* ---- lines ---- */

/* Copies what the line borrows: its file may be closed before it is shown. What stood in front of
 * its text in the file goes with it; pieces were put together, so that it is made anew. */
static int keep_line(struct log_series *s, const struct log_line *line, const struct log_line *own)
{
	size_t before = s->kind == LOG_OF_DAEMON ? own->size - line->size : 0;
	struct buf *text = &s->text;
	char time[UTC_SIZE];

	buf_clear(text);
	s->of_json = line->name;
	if (before) {
		buf_append(text, own->text, before);
	} else if (line->has_time && !s->of_json && s->kind == LOG_OF_SERVICE) {
		utc_write(line->time, time);
		buf_append(text, time, sizeof(time));
		buf_putc(text, line->continues ? '+' : ' ');
		before = text->size;
	}
	if (buf_append(text, line->text, line->size) < 0)
		return -ENOMEM;
	s->line = *line;
	s->line.text = buf_text(text) + before;
	s->line.name = NULL;
	return 1;
}

/* 1: it is in hand; 0: it is not wanted; -ENOMEM. */
static int judge(struct log_series *s, struct log_line *line)
{
	const struct log_wish *wish = s->pool->wish;
	const struct log_line own = *line;

	if (s->kind == LOG_OF_DAEMON)
		log_line_of_daemon(line, &s->level);
	set_rank(s, line);
	s->begun = s->begun || s->rank.us >= wish->since.us;
	if (wish->has_until && s->rank.us > wish->until.us) {
		s->ended = true;
		log_files_shut(s);
		return 0;
	}
	if (!s->begun || !log_wish_matches(wish, line))
		return 0;
	return keep_line(s, line, &own);
}

/* Behind the end of the file in hand. 1: there is another; 0: not yet, or never; -ENOMEM. */
static int advance(struct log_series *s)
{
	bool follow = s->pool->wish->follow;
	int r;

	if (s->at.us != LOG_LIVE.us) {
		log_files_shut(s);
		if (s->at.us > s->known.us)
			s->known = s->at;
		s->at = log_files_next(s, s->at);
		s->offset = 0;
		forget_rank(s);
		return 1;
	}
	if (!follow) {
		s->ended = true;
		log_files_shut(s);
		return 0;
	}
	if (!s->has_live || !log_files_rotated(s))
		return 0;
	/* What was written in between is still to be read of it. */
	r = log_files_find_former(s);
	if (r)
		return r;
	if (s->at.us == LOG_LIVE.us)
		log_files_shut(s);
	return 1;
}

static bool is_at_limit(const struct log_series *s)
{
	return s->at.us == LOG_LIVE.us && s->limit >= 0 && s->offset >= s->limit;
}

/* The file in hand has no whole line more: what is there of one is given where no more can come. */
static int end_of_file(struct log_series *s)
{
	bool may_grow = s->at.us == LOG_LIVE.us && s->pool->wish->follow;
	struct log_line line;
	int r = may_grow ? 0 : reader_rest(s->reader, &line);
	int64_t before = s->offset;

	s->offset = reader_offset(s->reader);
	if (s->offset < before && !s->cut) {
		complain("%s: its file has become shorter: what was in it may come again", s->name);
		s->cut = true;
	}
	return r > 0 ? judge(s, &line) : 0;
}

/* A line of the file in hand: 1; 0: there is none; 2: it is not wanted; -ENOMEM. */
static int next_in_file(struct log_series *s)
{
	struct log_line line;
	int r = is_at_limit(s) ? 0 : log_files_open(s);

	if (r == 0 || (r < 0 && r != -ENOMEM))
		return 0;
	if (r > 0)
		r = reader_next(s->reader, &line);
	if (r > 0) {
		s->offset = reader_offset(s->reader);
		r = judge(s, &line);
		return r ? r : 2;
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		log_series_complain(s, r);
	return end_of_file(s);
}

int log_series_next(struct log_series *s)
{
	while (!s->ended) {
		int r = next_in_file(s);

		if (r == 0) {
			r = advance(s);
			if (r <= 0)
				return r;
			continue;
		}
		if (r != 2)
			return r;
	}
	return 0;
}

int log_series_rest(struct log_series *s)
{
	struct log_line line;

	if (s->ended || !s->reader || reader_rest(s->reader, &line) <= 0)
		return 0;
	s->offset = reader_offset(s->reader);
	return judge(s, &line);
}

/* ---- the last ones ---- */

/* The file before that one; the same where it is the first. */
static struct utc file_before(const struct log_series *s, struct utc at)
{
	struct utc before = at;

	for (size_t i = 0; i < s->old.n && s->old.names[i].time.us < at.us; i++)
		before = s->old.names[i].time;
	return before;
}

/* Where a run over the lines from here to the end of the file leaves. */
struct tail {
	uint64_t n;       /* wanted */
	bool since;       /* not those before wish.since, which are in this file */
	uint64_t found;   /* at most that many */
	int64_t offset;   /* of the first of them */
	int64_t *offsets; /* owned; of the last n that were met, in a ring */
	size_t room;
};

static int note_offset(struct tail *t, uint64_t met, int64_t offset)
{
	size_t room = t->room;

	if (met < t->n && met == room) {
		room = room ? room * 2 : 64;
		t->offsets = reallocarray(t->offsets, room, sizeof(*t->offsets));
		if (!t->offsets)
			return -ENOMEM;
		t->room = room;
	}
	t->offsets[met % t->n] = offset;
	return 0;
}

/* Counts lines that are wanted, from where the reader is to the end of its file. */
static int count_on(struct log_series *s, struct tail *t)
{
	const struct log_wish *wish = s->pool->wish;
	struct log_line line;
	uint64_t met = 0;
	bool begun = !t->since;
	int level, r = 0;
	int64_t offset = reader_offset(s->reader);

	while (r >= 0 && reader_next(s->reader, &line) > 0) {
		if (s->kind == LOG_OF_DAEMON)
			log_line_of_daemon(&line, &level);
		if (line.has_time && wish->has_until && line.time.us > wish->until.us)
			break;
		begun = begun || (line.has_time && line.time.us >= wish->since.us);
		if (begun && log_wish_matches(wish, &line))
			r = note_offset(t, met++, offset);
		offset = reader_offset(s->reader);
	}
	t->found = MIN_OF(met, t->n);
	if (t->found)
		t->offset = t->offsets[(met - t->found) % t->n];
	return r;
}

/* From that many lines before the end on, but not before first. *ret_all: that was all. */
static int count_from(struct log_series *s, struct tail *t, uint64_t lines, int64_t first,
		      bool *ret_all)
{
	size_t got = 0;
	int r = reader_seek_tail(s->reader, (size_t)lines, &got);

	if (r)
		return r;
	*ret_all = got < lines || reader_offset(s->reader) <= first;
	if (reader_offset(s->reader) < first)
		r = reader_go(s->reader, first);
	t->offset = reader_offset(s->reader);
	t->found = got;
	/* What was counted need not be read. */
	if (!s->pool->wish->grep && !s->pool->wish->has_until && !t->since && t->offset > first)
		return r;
	return r ? r : count_on(s, t);
}

/* The first line that is wanted of the file in hand; its offset. */
static int find_first(struct log_series *s, bool since, int64_t *ret_first)
{
	int r = since && s->kind != LOG_OF_DAEMON
			? reader_seek_time(s->reader, s->pool->wish->since)
			: 0;

	*ret_first = since ? reader_offset(s->reader) : 0;
	return r;
}

/* The last t->n lines of the file in hand, or all that are wanted of it. */
static int find_tail(struct log_series *s, bool since, struct tail *t)
{
	bool sought = since && s->kind != LOG_OF_DAEMON;
	bool exact = !s->pool->wish->grep && !s->pool->wish->has_until && since == sought;
	uint64_t lines = exact ? t->n : MAX_OF(t->n * LOOK_BACK, (uint64_t)LOOK_BACK_MIN);
	int64_t first = 0;
	bool all = false;
	int r = find_first(s, since, &first);

	/* Of what is not sought by its time, each line is to be looked at. */
	t->since = since && !sought;
	while (r == 0 && !all) {
		r = count_from(s, t, lines, first, &all);
		if (r == 0 && (exact || t->found == t->n))
			break;
		lines *= LOOK_BACK;
	}
	if (r == 0 && all && t->found < t->n)
		t->offset = first;
	return r;
}

/* What comes behind what was counted is not shown, unless it is followed. */
static void end_here(struct log_series *s)
{
	struct stat st;

	if (s->reader && s->limit >= 0 && fstat(reader_fd(s->reader), &st) == 0)
		s->limit = st.st_size;
}

static int start_at_tail(struct log_series *s, struct utc first, uint64_t *ret_n)
{
	uint64_t missing = s->pool->wish->n;
	int r = 0;

	s->at = LOG_LIVE;
	if (!missing) {
		r = log_files_open(s);
		if (r > 0 && reader_seek_tail(s->reader, 0, NULL) == 0)
			s->offset = reader_offset(s->reader);
		return r == -ENOMEM ? r : 0;
	}
	for (;;) {
		struct tail t = {.n = missing};

		s->offset = 0;
		r = log_files_open(s);
		if (r > 0)
			r = find_tail(s, s->pool->wish->has_since && s->at.us == first.us, &t);
		if (r == 0)
			s->offset = t.offset;
		free(t.offsets);
		if (r == -ENOMEM)
			return r;
		missing -= r < 0 ? 0 : t.found;
		if (s->at.us == LOG_LIVE.us)
			end_here(s);
		if (!missing || s->at.us == first.us || file_before(s, s->at).us == s->at.us)
			break;
		log_files_shut(s);
		s->at = file_before(s, s->at);
	}
	*ret_n = s->pool->wish->n - missing;
	return s->reader && reader_go(s->reader, s->offset) == -ENOMEM ? -ENOMEM : 0;
}

int log_series_start(struct log_series *s, uint64_t *ret_n)
{
	const struct log_wish *wish = s->pool->wish;
	struct utc first = s->at;
	int64_t offset;
	int r;

	while (wish->has_since && first.us < wish->since.us)
		first = log_files_next(s, first);
	s->at = first;
	*ret_n = 0;
	if (wish->n != UINT64_MAX)
		return start_at_tail(s, first, ret_n);
	if (!wish->has_since || log_files_open(s) <= 0)
		return 0;
	r = find_first(s, true, &offset);
	if (r == 0)
		s->offset = offset;
	return r == -ENOMEM ? r : 0;
}
