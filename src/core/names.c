/* SPDX-License-Identifier: MIT */

/* The words for events, effects, links and answers: one table each, in enum order, ended by NULL.
 */

#include "core/core.h"

const char *const event_kind_names[EVENT_N_KINDS + 1] = {
	[EVENT_BOOT] = "boot",
	[EVENT_STARTED] = "started",
	[EVENT_START_FAILED] = "start_failed",
	[EVENT_SHORTAGE] = "shortage",
	[EVENT_READY] = "ready",
	[EVENT_IGNORE] = "ignore",
	[EVENT_TOLD] = "told",
	[EVENT_FAULT] = "fault",
	[EVENT_EXTEND] = "extend",
	[EVENT_EXITED] = "exited",
	[EVENT_GONE] = "gone",
	[EVENT_HEALTH] = "health",
	[EVENT_UNIX_SIGNAL] = "unix_signal",
	[EVENT_JOIN] = "join",
	[EVENT_LEAVE] = "leave",
	[EVENT_FULL] = "full",
	[EVENT_ROOM] = "room",
	[EVENT_FRAMES] = "frames",
	[EVENT_TICK] = "tick",
	[EVENT_REQUEST] = "request",
	[EVENT_FORGET] = "forget",
	[EVENT_SHUTDOWN] = "shutdown",
};

const char *const request_kind_names[REQUEST_N_KINDS + 1] = {
	[REQUEST_START_CHILD] = "start_child",
	[REQUEST_TERMINATE_CHILD] = "terminate_child",
	[REQUEST_RESTART_CHILD] = "restart_child",
	[REQUEST_DELETE_CHILD] = "delete_child",
	[REQUEST_WHICH_CHILDREN] = "which_children",
	[REQUEST_COUNT_CHILDREN] = "count_children",
	[REQUEST_GET_CHILDSPEC] = "get_childspec",
	[REQUEST_START] = "start",
	[REQUEST_STOP] = "stop",
	[REQUEST_RESTART] = "restart",
	[REQUEST_REMOVE] = "remove",
	[REQUEST_TRIGGER] = "trigger",
	[REQUEST_EXIT] = "exit",
	[REQUEST_WAIT_READY] = "wait_ready",
	[REQUEST_WAIT_DOWN] = "wait_down",
	[REQUEST_SYNC] = "sync",
	[REQUEST_SELF] = "self",
	[REQUEST_TRAP] = "trap",
	[REQUEST_LINK] = "link",
	[REQUEST_UNLINK] = "unlink",
	[REQUEST_EXIT_SELF] = "exit_self",
	[REQUEST_REGISTER] = "register",
	[REQUEST_UNREGISTER] = "unregister",
	[REQUEST_WHEREIS] = "whereis",
	[REQUEST_SPAWN] = "spawn",
};

const char *const role_names[ROLE_N + 1] = {
	[ROLE_MAIN] = "main", [ROLE_HELPER] = "helper", [ROLE_GUEST] = "guest"};

const char *const effect_kind_names[FX_N_KINDS + 1] = {
	[FX_START] = "start",   [FX_STOP] = "stop",     [FX_KILL] = "kill",
	[FX_NOTICE] = "notice", [FX_REPLY] = "reply",   [FX_FORGET] = "forget",
	[FX_JOINED] = "joined", [FX_FRAMES] = "frames", [FX_DROP] = "drop",
	[FX_HALT] = "halt",
};

const char *const link_kind_names[LINK_N_KINDS + 1] = {
	[LINK_START] = "start",
	[LINK_READY] = "ready",
	[LINK_START_FAILED] = "start_failed",
	[LINK_IGNORED] = "ignored",
	[LINK_STOPPING] = "stopping",
	[LINK_KILLING] = "killing",
	[LINK_DOOMED] = "doomed",
	[LINK_EXITED] = "exit",
	[LINK_BACKOFF] = "backoff",
	[LINK_RETRY] = "retry",
	[LINK_SHORTAGE] = "shortage",
	[LINK_GAVE_UP] = "gave_up",
	[LINK_FAILED] = "failed",
	[LINK_WAITING] = "waiting",
	[LINK_AUTO_SHUTDOWN] = "auto_shutdown",
	[LINK_HELD] = "held",
	[LINK_RELEASED] = "released",
	[LINK_REMOVED] = "removed",
	[LINK_LINGERS] = "lingers",
	[LINK_BUDGET] = "budget",
	[LINK_IDLE] = "idle",
	[LINK_REPLACES] = "replaces",
	[LINK_CYCLE] = "cycle",
	[LINK_EXIT_SIGNAL] = "exit_signal",
	[LINK_EXIT_IGNORED] = "exit_ignored",
	[LINK_DOWN] = "down",
	[LINK_LINKED] = "link",
	[LINK_UNLINKED] = "unlink",
	[LINK_MONITORED] = "monitor",
	[LINK_DEMONITORED] = "demonitor",
	[LINK_OVERFLOW] = "overflow",
	[LINK_OVERFLOW_END] = "overflow_end",
	[LINK_FAILING] = "failing",
	[LINK_UNHEALTHY] = "unhealthy",
	[LINK_HEALTHY] = "healthy",
	[LINK_LEFT_OUT] = "left_out",
	[LINK_UNIX_SIGNAL] = "unix_signal",
};

const char *const origin_names[ORIGIN_N + 1] = {
	[ORIGIN_NONE] = "none",         [ORIGIN_SELF] = "self",   [ORIGIN_BOOT] = "boot",
	[ORIGIN_OPERATOR] = "operator", [ORIGIN_CALL] = "call",   [ORIGIN_SHUTDOWN] = "shutdown",
	[ORIGIN_TIMER] = "timer",       [ORIGIN_ACTOR] = "actor", [ORIGIN_LINK] = "link",
	[ORIGIN_SPAWN] = "spawn",       [ORIGIN_WATCH] = "watch", [ORIGIN_SCHEDULE] = "schedule",
	[ORIGIN_SOCKET] = "socket",
};

const char *const answer_names[ANSWER_N + 1] = {
	[ANSWER_OK] = "ok",
	[ANSWER_OK_UP] = "ok_up",
	[ANSWER_OK_UNDEFINED] = "ok_undefined",
	[ANSWER_ALREADY_STARTED] = "already_started",
	[ANSWER_ALREADY_PRESENT] = "already_present",
	[ANSWER_RUNNING] = "running",
	[ANSWER_RESTARTING] = "restarting",
	[ANSWER_NOT_FOUND] = "not_found",
	[ANSWER_SIMPLE_ONE_FOR_ONE] = "simple_one_for_one",
	[ANSWER_BAD_COMBINATION] = "bad_combination",
	[ANSWER_MAX_CHILDREN] = "max_children",
	[ANSWER_START_FAILED] = "start_failed",
	[ANSWER_ROWS] = "rows",
	[ANSWER_COUNTS] = "counts",
	[ANSWER_SPEC] = "spec",
	[ANSWER_NOPROC] = "noproc",
	[ANSWER_NOT_SUPERVISOR] = "not_supervisor",
	[ANSWER_ALREADY] = "already",
	[ANSWER_PARENT_DOWN] = "parent_down",
	[ANSWER_BLOCKED] = "blocked",
	[ANSWER_ROOT] = "root",
	[ANSWER_STOPPED] = "stopped",
	[ANSWER_GAVE_UP_WAITING] = "gave_up_waiting",
	[ANSWER_NO_MEMORY] = "no_memory",
	[ANSWER_BAD_SPEC] = "bad_spec",
	[ANSWER_SHUTTING_DOWN] = "shutting_down",
	[ANSWER_NAME_TAKEN] = "name_taken",
	[ANSWER_BAD_NAME] = "bad_name",
	[ANSWER_NOT_PERMITTED] = "not_permitted",
	[ANSWER_REFUSED] = "refused",
	[ANSWER_SPAWNED] = "spawned",
	[ANSWER_NOT_AN_ACTOR] = "not_an_actor",
};

const char *child_state_name(enum child_state state)
{
	static const char *const names[CHILD_N_STATES] = {
		[CHILD_WAITING] = "waiting", [CHILD_STARTING] = "starting",
		[CHILD_RUNNING] = "running", [CHILD_STOPPING] = "stopping",
		[CHILD_ENDING] = "stopping", [CHILD_DEAD] = "waiting",
		[CHILD_STOPPED] = "stopped", [CHILD_BACKOFF] = "backoff",
		[CHILD_FAILED] = "failed",   [CHILD_DONE] = "done",
	};

	return names[state];
}
