/*
 * A file in the user's editor, in a directory that nobody else can read and
 * that is gone when the editor has ended.  Trusts the environment of its user:
 * root has become another one before.
 */
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "editor.h"

#define WORDS_MAX	16	/* of an editor's command */

static int
copy(int from, int to)
{
	off_t at = 0;
	ssize_t n;

	while ((n = sendfile(to, from, &at, 1 << 20)) > 0)
		;
	return n == 0 ? 0 : -1;
}

static int
write_copy(int from, const char *path)
{
	int rc, to;

	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to == -1)
		return -1;
	rc = copy(from, to);
	return close(to) == 0 ? rc : -1;
}

/* A command may have arguments, as in "vim -n": words, no shell. */
static void
try_command(const char *command, const char *path)
{
	char *copy = strdup(command), *argv[WORDS_MAX + 2], *word;
	char *words = copy;
	int n = 0;

	if (copy == NULL)
		return;
	while (n < WORDS_MAX && (word = strsep(&words, " \t")) != NULL)
		if (*word != '\0')
			argv[n++] = word;
	argv[n++] = (char *)(uintptr_t)path;
	argv[n] = NULL;
	if (n > 1)
		execvp(argv[0], argv);
	free(copy);
}

static _Noreturn void
become_editor(const char *path, int tty)
{
	const char *command = getenv("VISUAL");

	if (command == NULL || *command == '\0')
		command = getenv("EDITOR");
	if (tty != STDIN_FILENO && dup2(tty, STDIN_FILENO) == -1)
		err(127, "lmtpctl: the terminal");
	if (command != NULL && *command != '\0') {
		try_command(command, path);
		err(127, "lmtpctl: %s", command);
	}
	try_command("editor", path);
	try_command("vi", path);
	err(127, "lmtpctl: no editor: set EDITOR");
}

/* Signals of the keyboard are the editor's.  0; -1: it failed. */
static int
run(const char *path, int tty)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, was[2];
	int status = -1;
	pid_t pid;

	fflush(NULL);
	if ((pid = fork()) == -1)
		return -1;
	if (pid == 0)
		become_editor(path, tty);
	sigaction(SIGINT, &ignore, &was[0]);
	sigaction(SIGQUIT, &ignore, &was[1]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	sigaction(SIGINT, &was[0], NULL);
	sigaction(SIGQUIT, &was[1], NULL);
	errno = ECANCELED;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* With all that an editor left there. */
static void
remove_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(path);
}

static int
edit_in(const char *dir, int fd, const char *name, int tty)
{
	char *path;
	int out = -1;

	if (asprintf(&path, "%s/%s.csv", dir, name) == -1)
		return -1;
	if (write_copy(fd, path) == 0 && run(path, tty) == 0)
		out = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_CLOEXEC);
	free(path);
	return out;
}

int
editor_edit(int fd, const char *name, int tty)
{
	char dir[] = "/tmp/lmtpctl.XXXXXX";
	int out = -1;

	if (mkdtemp(dir) != NULL) {
		out = edit_in(dir, fd, name, tty);
		if (out == -1)
			warn("lmtpctl: edit");
		remove_directory(dir);
	} else
		warn("lmtpctl: %s", dir);
	return out;
}
