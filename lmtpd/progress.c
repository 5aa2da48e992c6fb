/*
 * A progress bar.  Trusts its caller.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

#define PATIENCE	1000	/* ms before the first */
#define INTERVAL	100
#define WIDTH		40

void
progress_begin(struct progress *p)
{
	p->on = isatty(STDERR_FILENO) == 1;
	p->drawn = false;
	p->since = clock_ms();
	p->shown = 0;
}

void
progress_show(struct progress *p, const char *what, long long done,
    long long all)
{
	static const char full[] = "########################################";
	int64_t now;
	int parts;

	if (!p->on || all <= 0)
		return;
	now = clock_ms();
	if (now - p->since < PATIENCE || now - p->shown < INTERVAL)
		return;
	if (done > all)
		done = all;
	parts = (int)(WIDTH * done / all);
	fprintf(stderr, "\r%-10s [%.*s%*s] %3d%%", what, parts, full,
	    WIDTH - parts, "", (int)(100 * done / all));
	p->shown = now;
	p->drawn = true;
}

void
progress_end(struct progress *p)
{
	int saved = errno;

	if (p->drawn)
		fprintf(stderr, "\r%*s\r", WIDTH + 20, "");
	progress_begin(p);
	errno = saved;
}
