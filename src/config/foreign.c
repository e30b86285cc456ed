/* SPDX-License-Identifier: MIT */

#include "config/foreign.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "config/keys.h"

#define NAME_MAX_SIZE 64
#define OUTPUTS "stdout, stderr"

/* Those that are not ours written in another way: KillMode is kill_mode without a row. */
static const struct {
	const char *theirs, *ours;
} keys[] = {
	{"Accept", "accept"},
	{"BindsTo", "requires"},
	{"CPUAffinity", "cpu_affinity"},
	{"CPUQuota", "cpu_max"},
	{"CapabilityBoundingSet", "capabilities"},
	{"ConditionEnvironment", "start_if"},
	{"ConditionPathExists", "start_if"},
	{"ConditionPathIsDirectory", "start_if"},
	{"ExecCondition", "start_if"},
	{"ExecReload", "reload_command"},
	{"ExecStart", "command"},
	{"ExecStartPost", "start_post"},
	{"ExecStartPre", "start_pre"},
	{"ExecStop", "stop_command"},
	{"ExecStopPost", "stop_post"},
	{"FileDescriptorStoreMax", "fd_store_max"},
	{"FileDescriptorStorePreserve", "fd_store_preserve"},
	{"IOSchedulingClass", "io_class"},
	{"IOSchedulingPriority", "io_class"},
	{"IOWeight", "io_weight"},
	{"KillSignal", "stop_signal"},
	{"ListenDatagram", "listen"},
	{"ListenFIFO", "listen"},
	{"ListenSequentialPacket", "listen"},
	{"ListenStream", "listen"},
	{"LogRateLimitBurst", "log_rate"},
	{"LogRateLimitIntervalSec", "log_rate"},
	{"OOMScoreAdjust", "oom_score_adj"},
	{"OnCalendar", "schedule"},
	{"OnFailure", "on_event"},
	{"OnUnitActiveSec", "every"},
	{"Persistent", "schedule_catch_up"},
	{"RandomizedDelaySec", "schedule_jitter"},
	{"RemainAfterExit", "remain"},
	{"RestartMaxDelaySec", "restart_delay_max"},
	{"RestartSec", "restart_delay"},
	{"RootDirectory", "chroot"},
	{"StandardError", "stderr"},
	{"StandardInput", "stdin"},
	{"StandardOutput", "stdout"},
	{"StartLimitBurst", "intensity"},
	{"StartLimitIntervalSec", "period"},
	{"SuccessExitStatus", "success_exit"},
	{"SupplementaryGroups", "groups"},
	{"TimeoutStartSec", "start_timeout"},
	{"TimeoutStopSec", "shutdown"},
	{"TTYPath", "stdin"},
	{"Type", "ready"},
	{"Wants", "after"},
	{"WatchdogSec", "watchdog"},
	/* supervisord's */
	{"redirect_stderr", "stderr"},
	{"stderr_logfile", "stderr"},
	{"stderr_logfile_backups", "log_files"},
	{"stderr_logfile_maxbytes", "log_size"},
	{"stdout_logfile", "stdout"},
	{"stdout_logfile_backups", "log_files"},
	{"stdout_logfile_maxbytes", "log_size"},
};

/* Of a word that ends with a colon what is behind that is not looked at. */
static const struct {
	const char *key, *theirs, *ours;
} words[] = {
	{"kill_mode", "control-group", "group"},
	{"kill_mode", "process", "main"},
	{"notify_access", "all", "group"},
	{"notify_access", "exec", "main"},
	{"ready", "forking", "exec, and let the program stay in the foreground"},
	{"ready", "oneshot", "exit"},
	{"ready", "simple", "exec"},
	{"restart", "always", "permanent"},
	{"restart", "no", "temporary"},
	{"restart", "on-abnormal", "transient"},
	{"restart", "on-abort", "transient"},
	{"restart", "on-failure", "transient"},
	{"log_compress", "gz", "gzip"},
	{"log_compress", "yes", "zstd"},
	{"log_compress", "zst", "zstd"},
	{"log_format", "plain", "raw"},
	{OUTPUTS, "append:", "file:PATH"},
	{OUTPUTS, "auto", "log"},
	{OUTPUTS, "journal", "log"},
	{OUTPUTS, "journal+console", "log"},
	{OUTPUTS, "kmsg", "log"},
	{OUTPUTS, "none", "null"},
	{OUTPUTS, "socket", "accept = yes"},
	{OUTPUTS, "syslog+console", "syslog"},
	{OUTPUTS, "truncate:", "file:PATH, which is appended to"},
	{OUTPUTS, "tty", "log, with stdin = tty:PATH"},
	{OUTPUTS, "/dev/null", "null"},
	{OUTPUTS, "/dev/stdout", "inherit"},
	{OUTPUTS, "/dev/stderr", "inherit"},
};

static bool of_key(const char *row, const char *key)
{
	if (strcmp(row, OUTPUTS) == 0)
		return strcmp(key, "stdout") == 0 || strcmp(key, "stderr") == 0;
	return strcmp(row, key) == 0;
}

static bool is_word(const char *theirs, const char *word)
{
	size_t size = strlen(theirs);

	if (theirs[size - 1] == ':')
		return strncasecmp(theirs, word, size) == 0;
	return strcasecmp(theirs, word) == 0;
}

/* LimitNOFILE: limit_nofile. False where it does not fit. */
static bool respell(const char *name, char out[NAME_MAX_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; name[i]; i++) {
		if (n + 2 >= NAME_MAX_SIZE)
			return false;
		if (i > 0 && isupper((unsigned char)name[i]) && islower((unsigned char)name[i - 1]))
			out[n++] = '_';
		out[n++] = (char)tolower((unsigned char)name[i]);
	}
	out[n] = '\0';
	return true;
}

const char *foreign_key(const char *name)
{
	char spelt[NAME_MAX_SIZE];
	const struct key *key;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strcasecmp(name, keys[i].theirs) == 0)
			return keys[i].ours;
	}
	if (!isupper((unsigned char)name[0]) || !respell(name, spelt))
		return NULL;
	key = key_find(spelt);
	return key && key->parse ? key->name : NULL;
}

const char *foreign_word(const char *key, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (of_key(words[i].key, key) && is_word(words[i].theirs, word))
			return words[i].ours;
	}
	return NULL;
}
