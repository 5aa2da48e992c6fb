/*
 * Configuration files on disk: found, opened, checked and read once.  Trusts
 * root and the effective user, and no one else who could have written a file.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_file.h"
#include "conf_say.h"
#include "conf_text.h"

struct why {
	char	*text;
	size_t	 size;
};

static int __attribute__((format(printf, 2, 3)))
fail(const struct why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, why->size, fmt, ap);
	va_end(ap);
	return -1;
}

static int
check_stat(const struct stat *st, const struct why *why)
{
	if (!S_ISREG(st->st_mode))
		return fail(why, "not a regular file: name one");
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fail(why, "owned by user %u, who could change it: "
		    "chown it to root", (unsigned int)st->st_uid);
	if (conf_writers(st->st_mode) != NULL)
		return fail(why, "writable by %s: chmod go-w it",
		    conf_writers(st->st_mode));
	if (st->st_size > CONF_TEXT_MAX)
		return fail(why, "larger than %d bytes: split it and "
		    "include() the parts", CONF_TEXT_MAX);
	return 0;
}

/* One byte more than its size is asked for: a file that grows is noticed. */
static int
read_text(int fd, size_t size, struct conf_file *f, const struct why *why)
{
	ssize_t n;

	f->text = conf_room(size + 2, 1);
	while (f->size <= size) {
		n = read(fd, f->text + f->size, size + 1 - f->size);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail(why, "cannot be read (%s): see to it",
			    strerror(errno));
		if (n == 0)
			break;
		f->size += (size_t)n;
	}
	f->text[f->size] = '\0';
	if (f->size != size)
		return fail(why, "changed while it was read: try again");
	return 0;
}

/* O_NONBLOCK: a FIFO must not hang the start. */
int
conf_file_read(const char *path, struct conf_file *f, char *text, size_t size)
{
	const struct why why = { text, size };
	struct stat st;
	int fd, rv;

	memset(f, 0, sizeof(*f));
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return fail(&why, "cannot be opened (%s): %s", strerror(errno),
		    errno == EACCES ? "let lmtpd's user read it" :
		    "name a file that is there");
	if (fstat(fd, &st) == -1)
		rv = fail(&why, "cannot be examined (%s): see to it",
		    strerror(errno));
	else if ((rv = check_stat(&st, &why)) == 0)
		rv = read_text(fd, (size_t)st.st_size, f, &why);
	close(fd);
	if (rv == -1) {
		conf_file_free(f);
		return -1;
	}
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->others_read = st.st_mode & S_IROTH;
	return 0;
}

void
conf_file_free(struct conf_file *f)
{
	freezero(f->text, f->size);
	f->text = NULL;
}

/* The directory of "from" with its "/", its wildcards escaped for glob(). */
static char *
full_pattern(const char *from, const char *pattern, bool escape)
{
	const char *slash = strrchr(from, '/'), *p;
	char *full, *out;

	if (*pattern == '/' || slash == NULL)
		return conf_dup(pattern);
	out = full = conf_room(2 * (size_t)(slash - from + 1) +
	    strlen(pattern) + 1, 1);
	for (p = from; p <= slash; p++) {
		if (escape && strchr("*?[]\\", *p) != NULL)
			*out++ = '\\';
		*out++ = *p;
	}
	strcpy(out, pattern);
	return full;
}

/* A directory that is not there holds no files; an unreadable one may. */
static int
glob_failed(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

int
conf_paths_find(const char *from, const char *pattern, struct conf_paths *out,
    char *text, size_t size)
{
	const struct why why = { text, size };
	bool wild = strpbrk(pattern, "*?[") != NULL;
	char *full = full_pattern(from, pattern, wild);
	glob_t found = { 0 };
	size_t i;
	int rv;

	memset(out, 0, sizeof(*out));
	if (!wild) {
		out->path = conf_room(1, sizeof(*out->path));
		out->path[out->n++] = full;
		return 0;
	}
	rv = glob(full, 0, glob_failed, &found);
	if (rv == 0) {
		out->path = conf_room(found.gl_pathc, sizeof(*out->path));
		for (i = 0; i < found.gl_pathc; i++)
			out->path[out->n++] = conf_dup(found.gl_pathv[i]);
	}
	globfree(&found);
	free(full);
	if (rv != 0 && rv != GLOB_NOMATCH)
		return fail(&why, "a directory cannot be read: let lmtpd's "
		    "user read it");
	return 0;
}

void
conf_paths_free(struct conf_paths *p)
{
	while (p->n > 0)
		free(p->path[--p->n]);
	free(p->path);
	p->path = NULL;
}
