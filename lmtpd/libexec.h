/*
 * Where the programs are that lmtpd executes beside the backends.
 */
#ifndef LIBEXEC_H
#define LIBEXEC_H

#include <stdlib.h>

#define LIBEXEC_TEXT	"lmtptext"
/* What it may use, beside the message: bytes. */
#define LIBEXEC_TEXT_MEMORY	(256 * 1024 * 1024)

#ifndef LMTPD_LIBEXECDIR
#error "the build defines LMTPD_LIBEXECDIR"
#endif

/* The build's, or what the environment says, to run uninstalled. */
static inline const char *
libexec_dir(void)
{
	const char *dir = getenv("LMTPD_LIBEXECDIR");

	return dir != NULL ? dir : LMTPD_LIBEXECDIR;
}

#endif
