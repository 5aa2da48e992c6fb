/*
 * The configuration file (lmtpd.conf(5)): read, checked, made a policy.
 */
#ifndef CONF_H
#define CONF_H

#include "conf_say.h"
#include "policy.h"

/*
 * Load a file and all it includes.  NULL after at least one CONF_ERROR was
 * reported; every error that can be told at once is told.  Reads from the
 * environment, to run uninstalled, LMTPD_STATE_DIR (wins over state-dir) and
 * LMTPD_DATADIR (where a command without a slash is looked for).
 */
struct policy
	*conf_load(const char *path, const struct conf_report *);

#endif
