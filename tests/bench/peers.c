/* SPDX-License-Identifier: MIT */

/*
 * Other supervisors, where they are installed, with the same service under the same measures. None
 * of them has a shell between itself and the service: where a peer knows no arguments, the service
 * finds its own in its directory. Erlang's workers are gen_servers that own a port.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/subject.h"

static void make_link(const char *target, const char *dir, const char *name)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (symlink(target, path) < 0)
		die("%s: %s", path, strerror(errno));
}

/* A directory of services, as daemontools has brought into the world. */
static void scan_prepare(struct subject *s)
{
	char service[300], board[300], dir[320], index[16];

	snprintf(service, sizeof(service), "%s/tests/bench-service", s->bench->build);
	snprintf(board, sizeof(board), "%s/board", s->dir);
	snprintf(dir, sizeof(dir), "%s/scan", s->dir);
	if (mkdir(dir, 0755) < 0)
		die("%s: %s", dir, strerror(errno));
	for (uint32_t i = 0; i < s->n; i++) {
		snprintf(dir, sizeof(dir), "%s/scan/s%05u", s->dir, i);
		snprintf(index, sizeof(index), "%u", i);
		if (mkdir(dir, 0755) < 0)
			die("%s: %s", dir, strerror(errno));
		make_link(service, dir, "run");
		make_link(board, dir, "board");
		make_link(index, dir, "index");
	}
}

static void scan_command(struct subject *s, const char *argv[16])
{
	snprintf(s->text[0], sizeof(s->text[0]), "%s/scan", s->dir);
	argv[0] = s->kind->program;
	argv[1] = s->text[0];
	argv[2] = NULL;
}

static void s6_command(struct subject *s, const char *argv[16])
{
	snprintf(s->text[0], sizeof(s->text[0]), "%s/scan", s->dir);
	argv[0] = s->kind->program;
	argv[1] = "-c2000";
	argv[2] = s->text[0];
	argv[3] = NULL;
}

static void supervisord_prepare(struct subject *s)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/supervisord.conf", s->dir);
	file = fopen(path, "w");
	if (!file)
		die("%s: %s", path, strerror(errno));
	fprintf(file,
		"[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
		"pidfile=%s/pid\nchildlogdir=%s\nuser=%d\n",
		s->dir, s->dir, (int)getuid());
	for (uint32_t i = 0; i < s->n; i++)
		fprintf(file,
			"[program:s%05u]\ncommand=%s/tests/bench-service %s/board %u\n"
			"startsecs=0\nautorestart=true\nstdout_logfile=NONE\n"
			"stderr_logfile=NONE\n",
			i, s->bench->build, s->dir, i);
	if (fclose(file) != 0)
		die("%s: %s", path, strerror(errno));
}

static void supervisord_command(struct subject *s, const char *argv[16])
{
	snprintf(s->text[0], sizeof(s->text[0]), "%s/supervisord.conf", s->dir);
	argv[0] = s->kind->program;
	argv[1] = "-c";
	argv[2] = s->text[0];
	argv[3] = NULL;
}

static const char erlang_program[] =
	"#!/usr/bin/env escript\n"
	"-mode(compile).\n"
	"-behaviour(gen_server).\n"
	"-export([top/2, worker/3, init/1, handle_call/3, handle_cast/2, handle_info/2]).\n"
	"main([Service, Board, N]) ->\n"
	"    process_flag(trap_exit, true),\n"
	"    {ok, _} = supervisor:start_link(?MODULE, {top, Service, Board, list_to_integer(N)}),\n"
	"    receive never -> ok end.\n"
	"top(_, _) -> ok.\n"
	"worker(Service, Board, I) -> gen_server:start_link(?MODULE, {Service, Board, I}, []).\n"
	"init({top, Service, Board, N}) ->\n"
	"    {ok, {#{intensity => 1000000, period => 1},\n"
	"          [#{id => I, start => {?MODULE, worker, [Service, Board, integer_to_list(I)]}}\n"
	"           || I <- lists:seq(0, N - 1)]}};\n"
	"init({Service, Board, I}) ->\n"
	"    {ok, open_port({spawn_executable, Service}, [{args, [Board, I]}, exit_status])}.\n"
	"handle_call(_, _, S) -> {reply, ok, S}.\n"
	"handle_cast(_, S) -> {noreply, S}.\n"
	"handle_info({_, {exit_status, N}}, S) -> {stop, {exit, N}, S}.\n";

static void erlang_prepare(struct subject *s)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/supervisor.escript", s->dir);
	write_file(path, "%s", erlang_program);
}

static void erlang_command(struct subject *s, const char *argv[16])
{
	snprintf(s->text[0], sizeof(s->text[0]), "%s/supervisor.escript", s->dir);
	snprintf(s->text[1], sizeof(s->text[1]), "%s/tests/bench-service", s->bench->build);
	snprintf(s->text[2], sizeof(s->text[2]), "%s/board", s->dir);
	snprintf(s->text[3], sizeof(s->text[3]), "%u", s->n);
	argv[0] = s->kind->program;
	for (int i = 0; i < 4; i++)
		argv[1 + i] = s->text[i];
	argv[5] = NULL;
}

static const struct subject_kind daemontools = {
	.name = "daemontools",
	.program = "svscan",
	.prepare = scan_prepare,
	.command = scan_command,
};

static const struct subject_kind runit = {
	.name = "runit",
	.program = "runsvdir",
	.prepare = scan_prepare,
	.command = scan_command,
};

static const struct subject_kind s6 = {
	.name = "s6",
	.program = "s6-svscan",
	.prepare = scan_prepare,
	.command = s6_command,
};

static const struct subject_kind erlang = {
	.name = "erlang",
	.program = "escript",
	.prepare = erlang_prepare,
	.command = erlang_command,
};

static const struct subject_kind supervisord = {
	.name = "supervisord",
	.program = "supervisord",
	.prepare = supervisord_prepare,
	.command = supervisord_command,
};

const struct subject_kind *const subject_peers[] = {&daemontools, &runit,       &s6,
						    &erlang,      &supervisord, NULL};
