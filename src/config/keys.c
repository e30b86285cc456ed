/* SPDX-License-Identifier: MIT */

/* The table of keys, and looking things up in it. */

#include "config/keys.h"

#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/config.h"

#define IN_CONFIG(field) .object = OBJECT_CONFIG, .offset = offsetof(struct config, field)
#define IN_SPEC(field) .object = OBJECT_SPEC, .offset = offsetof(struct spec, field)
#define IN_EXEC(field) .object = OBJECT_EXEC, .offset = offsetof(struct exec, field)
#define IN_PART(which, type, field) \
	.object = OBJECT_PART, .part = (which), .offset = offsetof(struct type, field)
#define IN_SETUP(field) IN_PART(PART_SETUP, exec_setup, field)
/* min: what its numbers count; max: the largest of them. */
#define LIMIT(name, kind, unit, largest, help_text)                                        \
	{                                                                                  \
		"limit_" name, KEY_IN_SERVICE, false, value_limit, IN_SETUP(limits[kind]), \
			.min = (unit), .max = (largest), .fallback = "the daemon's",       \
			.help = help_text                                                  \
	}
#define DIRECTORY(key_name, kind, help_text)                           \
	{key_name,                                                     \
	 KEY_IN_SERVICE,                                               \
	 false,                                                        \
	 value_directories,                                            \
	 IN_SETUP(directories[kind].names),                            \
	 .fallback = "",                                               \
	 .help = help_text},                                           \
	{                                                              \
		key_name "_mode", KEY_IN_SERVICE, false, value_mode,   \
			IN_SETUP(directories[kind].mode),              \
			.max = 07777, .fallback = "0755",              \
			.help = "the mode of those directories, octal" \
	}
#define IN_RESOURCES(field) IN_PART(PART_RESOURCES, exec_resources, field)
#define IN_HOOK(kind) IN_PART(PART_HOOKS, exec_hooks, of[kind])
#define IN_HOOK_TIMEOUT(kind) IN_PART(PART_HOOKS, exec_hooks, of[kind].timeout)
#define IN_LOG(field) IN_PART(PART_LOG, exec_log, field)
#define SUPERVISORS (KEY_IN_ROOT | KEY_IN_SUPERVISOR)
#define CHILDREN (KEY_IN_SUPERVISOR | KEY_IN_SERVICE)

/* Of outbox_limit: the daemon's memory, for each sender. */
#define OUTBOX_MAX (UINT64_C(1) << 30)

/* Of files of logs: beyond that each turn would take long to look for the oldest one. */
#define LOG_FILES_MAX 100000
#define LOG_SIZE_MIN 4096
#define LOG_LINE_MIN 128
#define LOG_LINE_MAX (1 << 20)

/* Of events_kept, which are in memory; of reports_kept. */
#define EVENTS_MIN 100
#define EVENTS_MAX 1000000
#define REPORTS_MAX 100000

/* Of on_event_max. */
#define ON_EVENT_RUNS_MAX 16

/* Of fd_store_max: the daemon's fds. */
#define FD_STORE_MAX 4096

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const cgroup_uses[] = {"auto", "no", "require", NULL};
static const char *const kill_modes[] = {"group", "main", "mixed", NULL};
static const char *const notify_accesses[] = {"main", "group", "none", NULL};
static const char *const directory_preserves[] = {"no", "yes", "restart", NULL};
static const char *const io_classes[] = {"realtime:N", "best-effort:N", "idle", NULL};
static const char *const stdin_words[] = {"null", "file:PATH", "tty:PATH", NULL};
static const char *const stdout_words[] = {"log", "null", "inherit", "file:PATH", "syslog", NULL};
static const char *const stderr_words[] = {"log",    "null",   "inherit", "file:PATH",
					   "syslog", "stdout", NULL};
static const char *const log_dir_words[] = {"none", NULL};

/* A row's numbers are bounds: of a span, min in nanoseconds, max 1 where it may be infinite. */
const struct key config_keys[] = {
	{"run_dir", KEY_IN_SUPD, false, value_absolute_path, IN_CONFIG(run_dir),
	 .fallback = "/run/supd; a user's: $XDG_RUNTIME_DIR/supd",
	 .help = "where the control socket and the record of what runs are"},
	{"log_dir", KEY_IN_SUPD, false, value_log_dir, IN_CONFIG(log_dir), log_dir_words,
	 .fallback = "/var/log/supd; a user's: $XDG_STATE_HOME/supd/log",
	 .help = "where logs are; none: they are shown, and not kept"},
	{"log_size", KEY_IN_SUPD, false, value_size, IN_CONFIG(log.size), .min = LOG_SIZE_MIN,
	 .max = UINT64_MAX, .fallback = "10M",
	 .help = "how large a file of the daemon's own log, events or reports may grow"},
	{"log_files", KEY_IN_SUPD, false, value_count, IN_CONFIG(log.files), .max = LOG_FILES_MAX,
	 .fallback = "10", .help = "how many older ones of each are kept"},
	{"log_age", KEY_IN_SUPD, false, value_span, IN_CONFIG(log.age), .min = 1000000000, .max = 1,
	 .fallback = "infinity", .help = "how long one is written to"},
	{"log_compress", KEY_IN_SUPD, false, value_small_word, IN_CONFIG(log.packing),
	 log_packing_names, .fallback = "no", .help = "how the older ones are packed"},
	{"events_kept", KEY_IN_SUPD, false, value_number, IN_CONFIG(events_kept), .min = EVENTS_MIN,
	 .max = EVENTS_MAX, .fallback = "10000",
	 .help = "how many events supctl events and why can look back"},
	{"reports_kept", KEY_IN_SUPD, false, value_number, IN_CONFIG(reports_kept),
	 .max = REPORTS_MAX, .fallback = "100",
	 .help = "how many crash reports supctl report can look back"},
	{"control_group", KEY_IN_SUPD, false, value_account, IN_CONFIG(control_group),
	 .fallback = "", .help = "the Unix group whose members may do everything"},
	{"view_group", KEY_IN_SUPD, false, value_account, IN_CONFIG(view_group), .fallback = "",
	 .help = "the Unix group whose members may look"},
	{"include", KEY_IN_SUPD, true, value_text, .object = OBJECT_INCLUDE, .fallback = "",
	 .help = "files to read at this place, relative to this one; a pattern is sorted"},
	{"log_level", KEY_IN_SUPD, false, value_choice, IN_CONFIG(log_level), log_levels,
	 .fallback = "info", .help = "what the daemon logs"},
	{"log_format", KEY_IN_SUPD, false, value_choice, IN_CONFIG(log_format), log_formats,
	 .fallback = "text", .help = "how it logs"},
	{"shutdown_timeout", KEY_IN_SUPD, false, value_span, IN_CONFIG(shutdown_timeout), .min = 1,
	 .max = 1, .fallback = "90s", .help = "how long stopping the whole tree may take"},
	{"cgroup", KEY_IN_SUPD, false, value_choice, IN_CONFIG(cgroup), cgroup_uses,
	 .fallback = "auto", .help = "whether each service has a cgroup of its own"},
	{"emergency", KEY_IN_SUPD, false, value_command_text, IN_CONFIG(emergency), .fallback = "",
	 .help = "what PID 1 runs where no configuration can be used"},

	{"strategy", SUPERVISORS, false, value_word, IN_SPEC(strategy), strategy_names,
	 .fallback = "one_for_one", .help = "which children are started again when one has died"},
	{"intensity", SUPERVISORS, false, value_number, IN_SPEC(intensity),
	 .max = SPEC_INTENSITY_MAX, .fallback = "3",
	 .help = "more restarts than this within period, and it gives up"},
	{"period", SUPERVISORS, false, value_span, IN_SPEC(period), .min = 1, .max = 1,
	 .fallback = "5s", .help = "the time within which restarts are counted"},
	{"give_up", SUPERVISORS, false, value_word, IN_SPEC(give_up), give_up_names,
	 .fallback = "escalate; the root: hold", .help = "what giving up means"},
	{"auto_shutdown", SUPERVISORS, false, value_word, IN_SPEC(auto_shutdown),
	 auto_shutdown_names, .fallback = "never",
	 .help = "whether the end of significant children ends it"},
	{"start", SUPERVISORS, false, value_word, IN_SPEC(start), start_mode_names,
	 .fallback = "ordered", .help = "one child after the other, or all at once"},
	{"max_children", SUPERVISORS, false, value_count, IN_SPEC(max_children),
	 .max = UINT32_MAX - 1, .fallback = "infinity",
	 .help = "how many children it may have at a time"},

	{"restart", CHILDREN, false, value_word, IN_SPEC(restart), restart_type_names,
	 .fallback = "permanent; with ready = exit: transient", .help = "when it is started again"},
	{"shutdown", CHILDREN, false, value_shutdown, IN_SPEC(shutdown),
	 .fallback = "5s; a supervisor: infinity",
	 .help = "how long a stop may take before SIGKILL"},
	{"significant", CHILDREN, false, value_bool, IN_SPEC(significant), .fallback = "no",
	 .help = "whether its end counts for auto_shutdown"},
	{"restart_delay", CHILDREN, false, value_span, IN_SPEC(restart_delay), .fallback = "0",
	 .help = "how long a restart waits"},
	{"restart_delay_max", CHILDREN, false, value_span, IN_SPEC(restart_delay_max),
	 .fallback = "30s", .help = "what that delay may grow to"},
	{"restart_reset", CHILDREN, false, value_span, IN_SPEC(restart_reset), .max = 1,
	 .fallback = "60s", .help = "how long it must have been ready for the delay to start anew"},

	{"on_event", SUPERVISORS | KEY_IN_SERVICE, true, value_on_event, IN_SPEC(on_event),
	 .fallback = "",
	 .help = "a command that is run at events, with the event as JSON on its standard input"},
	{"on_event_filter", SUPERVISORS | KEY_IN_SERVICE, false, value_on_event_filter,
	 IN_SPEC(on_event), .fallback = "*", .help = "the kinds of events that it is run at"},
	{"on_event_rate", SUPERVISORS | KEY_IN_SERVICE, false, value_on_event_rate,
	 IN_SPEC(on_event), .fallback = "10/1min", .help = "how often it is run"},
	{"on_event_max", SUPERVISORS | KEY_IN_SERVICE, false, value_on_event_max, IN_SPEC(on_event),
	 .min = 1, .max = ON_EVENT_RUNS_MAX, .fallback = "1",
	 .help = "how many of it may run at a time"},
	{"on_event_timeout", SUPERVISORS | KEY_IN_SERVICE, false, value_on_event_timeout,
	 IN_SPEC(on_event), .min = 1, .fallback = "30s", .help = "how long it may take"},

	{"command", KEY_IN_SERVICE, false, value_command, IN_EXEC(argv), .fallback = "",
	 .help = "the program and its arguments; required"},
	{"stop_signal", KEY_IN_SERVICE, false, value_signal, IN_EXEC(stop_signal),
	 .fallback = "TERM", .help = "the Unix signal that asks it to end"},
	{"kill_mode", KEY_IN_SERVICE, false, value_word, IN_EXEC(kill_mode), kill_modes,
	 .fallback = "group", .help = "who gets the Unix signals of a stop"},
	{"start_if_timeout", KEY_IN_SERVICE, false, value_span, IN_HOOK_TIMEOUT(HOOK_START_IF),
	 .min = 1, .max = 1, .fallback = "30s",
	 .help = "how long each command of start_if may take"},
	{"start_pre", KEY_IN_SERVICE, true, value_hook, IN_HOOK(HOOK_START_PRE), .fallback = "",
	 .help = "a command before the main process"},
	{"start_pre_timeout", KEY_IN_SERVICE, false, value_span, IN_HOOK_TIMEOUT(HOOK_START_PRE),
	 .min = 1, .max = 1, .fallback = "30s", .help = "how long each of them may take"},
	{"start_post", KEY_IN_SERVICE, true, value_start_post, IN_HOOK(HOOK_START_POST),
	 .fallback = "", .help = "a command once it is ready, before others may count on it"},
	{"start_post_timeout", KEY_IN_SERVICE, false, value_span, IN_HOOK_TIMEOUT(HOOK_START_POST),
	 .min = 1, .max = 1, .fallback = "30s", .help = "how long each of them may take"},
	{"stop_command", KEY_IN_SERVICE, true, value_hook, IN_HOOK(HOOK_STOP), .fallback = "",
	 .help = "a command that asks it to end; stop_signal follows"},
	{"stop_command_timeout", KEY_IN_SERVICE, false, value_span, IN_HOOK_TIMEOUT(HOOK_STOP),
	 .min = 1, .max = 1, .fallback = "30s", .help = "how long each of them may take"},
	{"stop_post", KEY_IN_SERVICE, true, value_hook, IN_HOOK(HOOK_STOP_POST), .fallback = "",
	 .help = "a command when nothing is left of it"},
	{"stop_post_timeout", KEY_IN_SERVICE, false, value_span, IN_HOOK_TIMEOUT(HOOK_STOP_POST),
	 .min = 1, .max = 1, .fallback = "30s", .help = "how long each of them may take"},
	{"reload_command", KEY_IN_SERVICE, true, value_hook, IN_HOOK(HOOK_RELOAD), .fallback = "",
	 .help = "what supctl reload runs"},
	{"reload_command_timeout", KEY_IN_SERVICE, false, value_span, IN_HOOK_TIMEOUT(HOOK_RELOAD),
	 .min = 1, .max = 1, .fallback = "30s", .help = "how long each of them may take"},
	{"reload_signal", KEY_IN_SERVICE, false, value_signal,
	 IN_PART(PART_HOOKS, exec_hooks, reload_signal), .fallback = "",
	 .help = "the Unix signal that supctl reload sends"},
	{"success_exit", KEY_IN_SERVICE, false, value_success_exit, IN_SPEC(success_codes),
	 .fallback = "0", .help = "exit statuses and Unix signals that count as normal"},
	{"autostart", KEY_IN_SERVICE, false, value_bool, IN_SPEC(autostart), .fallback = "yes",
	 .help = "whether it starts with its supervisor"},
	{"overlap", KEY_IN_SERVICE, false, value_bool, IN_SPEC(overlap), .fallback = "no",
	 .help = "whether a restart starts the new one before it stops the old one"},
	{"instances", KEY_IN_SERVICE, false, value_number, IN_SPEC(instances),
	 .max = SPEC_INSTANCES_MAX, .fallback = "",
	 .help = "a template: its instances are PATH@1 to PATH@N"},
	{"ready", KEY_IN_SERVICE, false, value_ready, IN_SPEC(ready), .fallback = "exec",
	 .help = "when a start counts as done"},
	{"ready_interval", KEY_IN_SERVICE, false, value_interval,
	 IN_PART(PART_PROBES, exec_probes, ready_interval), .fallback = "20ms, growing to 1s",
	 .help = "how long until a try to find out whether it is ready is followed by the next"},
	{"start_timeout", KEY_IN_SERVICE, false, value_span, IN_SPEC(start_timeout), .min = 1,
	 .max = 1, .fallback = "30s", .help = "not ready by then: killed, the start has failed"},
	{"health", KEY_IN_SERVICE, false, value_health, IN_PART(PART_PROBES, exec_probes, health),
	 .fallback = "none",
	 .help = "what is asked, while it runs, to find out whether it is well"},
	{"health_interval", KEY_IN_SERVICE, false, value_interval,
	 IN_PART(PART_PROBES, exec_probes, health_interval), .fallback = "10s",
	 .help = "how often"},
	{"health_timeout", KEY_IN_SERVICE, false, value_interval,
	 IN_PART(PART_PROBES, exec_probes, health_timeout), .fallback = "5s",
	 .help = "how long an answer may take"},
	{"health_retries", KEY_IN_SERVICE, false, value_number,
	 IN_PART(PART_PROBES, exec_probes, health_retries), .min = 1, .max = 1000, .fallback = "3",
	 .help = "so many failures in a row, and it is unhealthy"},
	{"health_start_period", KEY_IN_SERVICE, false, value_span,
	 IN_PART(PART_PROBES, exec_probes, health_start_period), .fallback = "0",
	 .help = "how long after it became ready failures do not count"},
	{"notify_access", KEY_IN_SERVICE, false, value_word, IN_EXEC(notify_access),
	 notify_accesses, .fallback = "main", .help = "whose notifications count"},
	{"remain", KEY_IN_SERVICE, false, value_bool, IN_SPEC(remain), .fallback = "no",
	 .help = "of ready = exit: whether it counts as running from its end to its stop"},
	{"schedule", KEY_IN_SERVICE, true, value_schedule, IN_PART(PART_WHEN, exec_when, schedule),
	 .fallback = "", .help = "a calendar event: it is started then, not with its supervisor"},
	{"every", KEY_IN_SERVICE, false, value_span, IN_PART(PART_WHEN, exec_when, every),
	 .min = 1000000000, .fallback = "",
	 .help = "it is started so long after supd, and again and again"},
	{"schedule_jitter", KEY_IN_SERVICE, false, value_span,
	 IN_PART(PART_WHEN, exec_when, jitter), .fallback = "0",
	 .help = "a run comes up to so much later, at random"},
	{"schedule_catch_up", KEY_IN_SERVICE, false, value_bool,
	 IN_PART(PART_WHEN, exec_when, catch_up), .fallback = "no",
	 .help = "whether a run that was missed while supd was down is made up for"},
	{"start_if", KEY_IN_SERVICE, true, value_condition, IN_PART(PART_WHEN, exec_when, start_if),
	 .fallback = "", .help = "a condition of its start; without it, it is passed over"},
	{"watchdog", KEY_IN_SERVICE, false, value_span, IN_PART(PART_NOTIFY, exec_notify, watchdog),
	 .min = 1, .max = 1, .fallback = "infinity",
	 .help = "silent for longer than this while it is ready: it is ended"},
	{"watchdog_signal", KEY_IN_SERVICE, false, value_signal,
	 IN_PART(PART_NOTIFY, exec_notify, watchdog_signal), .fallback = "ABRT",
	 .help = "the Unix signal that ends it then"},
	{"fd_store_max", KEY_IN_SERVICE, false, value_number,
	 IN_PART(PART_NOTIFY, exec_notify, fd_store_max), .max = FD_STORE_MAX, .fallback = "0",
	 .help = "how many files it may leave with the daemon for its next start"},
	{"fd_store_preserve", KEY_IN_SERVICE, false, value_bool,
	 IN_PART(PART_NOTIFY, exec_notify, fd_store_preserve), .fallback = "no",
	 .help = "whether they stay there while it is stopped"},
	{"user", KEY_IN_SERVICE, false, value_account, IN_EXEC(user), .fallback = "the daemon's",
	 .help = "the user it runs as, a name or a number"},
	{"group", KEY_IN_SERVICE, false, value_account, IN_EXEC(group), .fallback = "the user's",
	 .help = "the group it runs as"},
	{"groups", KEY_IN_SERVICE, false, value_group_list, IN_EXEC(groups),
	 .fallback = "the user's", .help = "its supplementary groups"},
	{"working_directory", KEY_IN_SERVICE, false, value_working_directory,
	 IN_EXEC(working_directory), .fallback = "the daemon's", .help = "where it runs"},
	{"umask", KEY_IN_SERVICE, false, value_umask, IN_EXEC(umask), .fallback = "the daemon's",
	 .help = "its file mode creation mask, octal"},
	{"environment", KEY_IN_SERVICE, true, value_environment, IN_EXEC(environment),
	 .fallback = "", .help = "NAME=VALUE, one to a line"},
	{"environment_file", KEY_IN_SERVICE, true, value_environment_file,
	 IN_EXEC(environment_files), .fallback = "", .help = "a file of NAME=VALUE lines"},
	{"pass_environment", KEY_IN_SERVICE, false, value_name_list, IN_EXEC(pass_environment),
	 .fallback = "PATH LANG TZ", .help = "what it gets of the daemon's own environment"},
	{"stdout", KEY_IN_SERVICE, false, value_output, IN_EXEC(standard_output), stdout_words,
	 .fallback = "log", .help = "where its standard output goes"},
	{"stderr", KEY_IN_SERVICE, false, value_output, IN_EXEC(standard_error), stderr_words,
	 .max = 1, .fallback = "stdout", .help = "where its standard error goes"},
	{"log_format", KEY_IN_SERVICE, false, value_small_word, IN_LOG(format), log_format_names,
	 .fallback = "text", .help = "how its lines stand in its log"},
	{"log_size", KEY_IN_SERVICE, false, value_size, IN_LOG(size), .min = LOG_SIZE_MIN,
	 .max = UINT64_MAX, .fallback = "10M", .help = "how large a file of its log may grow"},
	{"log_files", KEY_IN_SERVICE, false, value_count, IN_LOG(files), .max = LOG_FILES_MAX,
	 .fallback = "10", .help = "how many older ones are kept"},
	{"log_age", KEY_IN_SERVICE, false, value_span, IN_LOG(age), .min = 1000000000, .max = 1,
	 .fallback = "infinity", .help = "how long one is written to"},
	{"log_compress", KEY_IN_SERVICE, false, value_small_word, IN_LOG(packing),
	 log_packing_names, .fallback = "no", .help = "how the older ones are packed"},
	{"log_line_max", KEY_IN_SERVICE, false, value_line_max, IN_LOG(line_max),
	 .min = LOG_LINE_MIN, .max = LOG_LINE_MAX, .fallback = "16K",
	 .help = "how long a line of it may be before it is split"},
	{"log_rate", KEY_IN_SERVICE, false, value_log_rate, IN_LOG(rate), .fallback = "infinity",
	 .help = "how many lines are taken in a span; more are dropped and counted"},
	{"log_overflow", KEY_IN_SERVICE, false, value_small_word, IN_LOG(overflow),
	 log_overflow_names, .fallback = "block",
	 .help = "what happens where the log takes no more: it waits, or lines are dropped"},

	{"chroot", KEY_IN_SERVICE, false, value_root_directory, IN_SETUP(chroot), .fallback = "",
	 .help = "the directory that is / to it"},
	{"stdin", KEY_IN_SERVICE, false, value_input, IN_SETUP(input), stdin_words,
	 .fallback = "null", .help = "where its standard input comes from"},
	{"tty", KEY_IN_SERVICE, false, value_tty, IN_SETUP(tty), .fallback = "no",
	 .help = "whether it has a terminal of its own, and writes to that"},
	{"capabilities", KEY_IN_SERVICE, false, value_capabilities, IN_SETUP(bounding),
	 .fallback = "the daemon's", .help = "the capabilities that it may ever have"},
	{"ambient_capabilities", KEY_IN_SERVICE, false, value_capabilities, IN_SETUP(ambient),
	 .max = 1, .fallback = "", .help = "capabilities that it has although it is not root"},
	{"no_new_privileges", KEY_IN_SERVICE, false, value_bool, IN_SETUP(no_new_privileges),
	 .fallback = "no", .help = "whether set-user-ID programs give it nothing"},
	{"nice", KEY_IN_SERVICE, false, value_integer, IN_SETUP(nice), .min = (uint64_t)-20,
	 .max = 19, .fallback = "the daemon's", .help = "how much it gives way to others"},
	{"io_class", KEY_IN_SERVICE, false, value_io_class, IN_SETUP(io), io_classes,
	 .fallback = "the daemon's", .help = "when its reads and writes come, beside others'"},
	{"cpu_affinity", KEY_IN_SERVICE, false, value_cpus, IN_SETUP(cpus),
	 .fallback = "the daemon's", .help = "the CPUs that it may run on"},
	{"oom_score_adj", KEY_IN_SERVICE, false, value_integer, IN_SETUP(oom_score_adj),
	 .min = (uint64_t)-1000, .max = 1000, .fallback = "the daemon's",
	 .help = "how likely it is to be killed where memory runs out"},
	DIRECTORY("runtime_directory", DIRECTORY_RUNTIME,
		  "directories that are made for it below /run, and removed at its end"),
	{"runtime_directory_preserve", KEY_IN_SERVICE, false, value_word, IN_SETUP(preserve),
	 directory_preserves, .fallback = "no", .help = "whether they are kept at its end"},
	DIRECTORY("state_directory", DIRECTORY_STATE, "... below /var/lib, and kept"),
	DIRECTORY("cache_directory", DIRECTORY_CACHE, "... below /var/cache, and kept"),
	DIRECTORY("logs_directory", DIRECTORY_LOGS, "... below /var/log, and kept"),
	LIMIT("as", LIMIT_AS, LIMIT_IN_BYTES, 0, "how large its address space may be"),
	LIMIT("core", LIMIT_CORE, LIMIT_IN_BYTES, 0, "how large a core file of it may be"),
	LIMIT("cpu", LIMIT_CPU, LIMIT_IN_SECONDS, 0, "how much CPU time a process may take"),
	LIMIT("data", LIMIT_DATA, LIMIT_IN_BYTES, 0, "how large its data may be"),
	LIMIT("fsize", LIMIT_FSIZE, LIMIT_IN_BYTES, 0, "how large a file it may write"),
	LIMIT("locks", LIMIT_LOCKS, LIMIT_IN_NUMBERS, 0, "how many locks it may hold"),
	LIMIT("memlock", LIMIT_MEMLOCK, LIMIT_IN_BYTES, 0, "how much memory it may lock"),
	LIMIT("msgqueue", LIMIT_MSGQUEUE, LIMIT_IN_BYTES, 0,
	      "how much its user's POSIX message queues may hold"),
	LIMIT("nice", LIMIT_NICE, LIMIT_IN_NUMBERS, 40, "how far it may lower its own nice"),
	LIMIT("nofile", LIMIT_NOFILE, LIMIT_IN_NUMBERS, 0, "how many files it may have open"),
	LIMIT("nproc", LIMIT_NPROC, LIMIT_IN_NUMBERS, 0, "how many processes its user may have"),
	LIMIT("rss", LIMIT_RSS, LIMIT_IN_BYTES, 0, "nothing, since Linux 2.4.30"),
	LIMIT("rtprio", LIMIT_RTPRIO, LIMIT_IN_NUMBERS, 99,
	      "what real-time priority it may give itself"),
	LIMIT("rttime", LIMIT_RTTIME, LIMIT_IN_MICROSECONDS, 0,
	      "how long a real-time process of it may run without a pause"),
	LIMIT("sigpending", LIMIT_SIGPENDING, LIMIT_IN_NUMBERS, 0,
	      "how many Unix signals may wait for its user's processes"),
	LIMIT("stack", LIMIT_STACK, LIMIT_IN_BYTES, 0, "how large its stack may grow"),

	{"listen", KEY_IN_SERVICE, true, value_listen, IN_PART(PART_SOCKETS, exec_sockets, listen),
	 .fallback = "", .help = "a socket that the daemon opens and holds for it"},
	{"activation", KEY_IN_SERVICE, false, value_word,
	 IN_PART(PART_SOCKETS, exec_sockets, activation), activation_names, .fallback = "eager",
	 .help = "whether it starts with its supervisor, or when somebody connects"},
	{"accept", KEY_IN_SERVICE, false, value_bool, IN_PART(PART_SOCKETS, exec_sockets, accept),
	 .fallback = "no", .help = "whether each connection has a process of its own"},
	{"max_connections", KEY_IN_SERVICE, false, value_number,
	 IN_PART(PART_SOCKETS, exec_sockets, max_connections), .min = 1, .max = 1000000,
	 .fallback = "64", .help = "how many of those there may be at a time"},
	{"max_connections_per_source", KEY_IN_SERVICE, false, value_count,
	 IN_PART(PART_SOCKETS, exec_sockets, max_connections_per_source), .min = 1, .max = 1000000,
	 .fallback = "infinity", .help = "... and how many of one address, or Unix user"},
	{"memory_max", KEY_IN_SERVICE, false, value_size, IN_RESOURCES(memory_max), .min = 1,
	 .max = UINT64_MAX, .fallback = "infinity",
	 .help = "the memory that its cgroup may use; beyond that it is killed"},
	{"memory_high", KEY_IN_SERVICE, false, value_size, IN_RESOURCES(memory_high), .min = 1,
	 .max = UINT64_MAX, .fallback = "infinity",
	 .help = "the memory beyond which its cgroup is slowed down"},
	{"cpu_max", KEY_IN_SERVICE, false, value_cpu_max, IN_RESOURCES(cpu_max),
	 .fallback = "infinity", .help = "the processor time that its cgroup may use"},
	{"tasks_max", KEY_IN_SERVICE, false, value_count, IN_RESOURCES(tasks_max), .min = 1,
	 .max = UINT32_MAX - 1, .fallback = "infinity",
	 .help = "how many processes and threads its cgroup may have"},
	{"io_weight", KEY_IN_SERVICE, false, value_number, IN_RESOURCES(io_weight), .min = 1,
	 .max = 10000, .fallback = "100", .help = "its cgroup's share of disks that are busy"},
	{"enforce", KEY_IN_SERVICE, false, value_bool, IN_RESOURCES(enforce), .fallback = "no",
	 .help = "whether its start fails where one of these limits can not be set"},

	{"trap_exit", KEY_IN_SERVICE, false, value_bool, IN_SPEC(trap_exit), .fallback = "no",
	 .help = "whether exit signals come to it as messages"},
	{"mailbox", KEY_IN_SERVICE, false, value_word, IN_SPEC(mailbox), mailbox_kind_names,
	 .fallback = "volatile", .help = "what becomes of its messages when it ends"},
	{"mailbox_limit", KEY_IN_SERVICE, false, value_size, IN_SPEC(mailbox_limit), .min = 1,
	 .max = UINT64_MAX, .fallback = "64M", .help = "how much may wait in its mailbox"},
	{"mailbox_overflow", KEY_IN_SERVICE, false, value_word, IN_SPEC(mailbox_overflow),
	 mailbox_overflow_names, .fallback = "block",
	 .help = "what becomes of a message that does not fit"},
	{"outbox_limit", KEY_IN_SERVICE, false, value_size, IN_SPEC(outbox_limit), .min = 1,
	 .max = OUTBOX_MAX, .fallback = "1M",
	 .help = "how much it may have sent to mailboxes that are full"},
	{"alias", KEY_IN_SERVICE, false, value_aliases, IN_SPEC(aliases), .fallback = "",
	 .help = "further names of it"},
	{"grants", KEY_IN_SERVICE, false, value_grants, IN_SPEC(grants), .fallback = "",
	 .help = "what it may do to actors of other Unix users"},
	{"link", CHILDREN, false, value_links, IN_SPEC(links), .fallback = "",
	 .help = "who is linked to it whenever both run"},
	{"after", CHILDREN, false, value_depends, IN_SPEC(after), .fallback = "",
	 .help = "who is ready, or given up, before it is started"},
	{"requires", CHILDREN, false, value_depends, IN_SPEC(requires), .fallback = "",
	 .help = "who must be ready for it to run; it stops with them, and starts again"},
	{"provides", CHILDREN, false, value_provides, IN_SPEC(provides), .fallback = "",
	 .help = "names of what it does, for the after and requires of others"},

	{.name = NULL},
};

const struct key *key_find(const char *name)
{
	for (const struct key *key = config_keys; key->name; key++) {
		if (strcmp(key->name, name) == 0)
			return key;
	}
	return NULL;
}

const struct key *key_find_in(const char *name, unsigned where)
{
	for (const struct key *key = config_keys; key->name; key++) {
		if ((key->where & where) && strcmp(key->name, name) == 0)
			return key;
	}
	return key_find(name);
}

unsigned key_where(const char *name)
{
	unsigned where = 0;

	for (const struct key *key = config_keys; key->name; key++) {
		if (strcmp(key->name, name) == 0)
			where |= key->where;
	}
	return where;
}

const char *key_nearest(const char *name, unsigned where)
{
	const char *names[ARRAY_LEN(config_keys)];
	size_t n = 0;

	for (const struct key *key = config_keys; key->name; key++) {
		if (key->parse && (key->where & where))
			names[n++] = key->name;
	}
	names[n] = NULL;
	return text_nearest(name, names);
}
