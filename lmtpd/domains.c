/*
 * Domains and the tokens that prove them, one small text file each.  Trusts
 * whoever may write below the state directory, not that a file is whole.
 */
#include <sys/file.h>
#include <sys/random.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "domains.h"
#include "state.h"

#define DIRECTORY	"domains"
#define FILE_MAX	512	/* several times what is written */
#define TOKEN_BYTES	16
#define LABEL_MAX	63

/* What is safe as a file's name, too: no slash, no dot in front. */
static bool
is_domain(const char *s)
{
	size_t len;

	if (strlen(s) >= SPF_NAME_MAX - 2)
		return false;
	for (;; s += len + 1) {
		len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_");
		if (len == 0 || len > LABEL_MAX || *s == '-' ||
		    s[len - 1] == '-' || (s[len] != '.' && s[len] != '\0'))
			return false;
		if (s[len] == '\0')
			return true;
	}
}

static bool
is_token(const char *s)
{
	return strlen(s) == 2 * TOKEN_BYTES &&
	    s[strspn(s, "0123456789abcdef")] == '\0';
}

static int
read_line(char *line, struct domain_proof *proof)
{
	char *value = strchr(line, ' ');

	if (value == NULL)
		return -1;
	*value++ = '\0';
	if (strcmp(line, "token") == 0)
		return is_token(value) && strlcpy(proof->token, value,
		    sizeof(proof->token)) < sizeof(proof->token) ? 0 : -1;
	if (strcmp(line, "issued") == 0)
		return state_read_time(value, &proof->issued);
	if (strcmp(line, "verified") == 0)
		return state_read_time(value, &proof->verified);
	if (strcmp(line, "checked") == 0)
		return state_read_time(value, &proof->checked);
	return -1;
}

static int
read_text(char *text, struct domain_proof *proof)
{
	char *line, *end;

	memset(proof, 0, sizeof(*proof));
	for (line = text; *line != '\0'; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL)
			return -1;
		*end = '\0';
		if (read_line(line, proof) == -1)
			return -1;
	}
	return proof->token[0] != '\0' && proof->issued != 0 ? 0 : -1;
}

int
domains_read(const char *state_dir, const char *domain,
    struct domain_proof *proof)
{
	char text[FILE_MAX + 1];
	ssize_t n;
	int dir;

	if (!is_domain(domain)) {
		errno = EINVAL;
		return -1;
	}
	if ((dir = state_open(state_dir, DIRECTORY)) == -1)
		return errno == ENOENT && access(state_dir, R_OK | X_OK) == 0 ?
		    0 : -1;
	n = state_read(dir, domain, text, sizeof(text));
	state_close(dir);
	if (n == -1)
		return errno == ENOENT ? 0 : -1;
	errno = EBADMSG;
	return read_text(text, proof) == 0 ? 1 : -1;
}

int
domains_verified(const char *state_dir, const char *domain)
{
	struct domain_proof proof;
	int rc = domains_read(state_dir, domain, &proof);

	return rc == 1 ? proof.verified != 0 : rc;
}

int
domains_lock(const char *state_dir)
{
	int rc, fd = state_make(state_dir, DIRECTORY);

	if (fd == -1)
		return -1;
	while ((rc = flock(fd, LOCK_EX)) == -1 && errno == EINTR)
		;
	return rc == 0 ? fd : state_close(fd);
}

static size_t
write_time(char *out, size_t size, const char *key, time_t when)
{
	char text[STATE_TIME_MAX];

	if (when == 0)
		return 0;
	return (size_t)snprintf(out, size, "%s %s\n", key,
	    state_time(text, when));
}

static size_t
write_text(const struct domain_proof *proof, char text[FILE_MAX])
{
	size_t n = (size_t)snprintf(text, FILE_MAX, "token %s\n", proof->token);

	n += write_time(text + n, FILE_MAX - n, "issued", proof->issued);
	n += write_time(text + n, FILE_MAX - n, "verified", proof->verified);
	n += write_time(text + n, FILE_MAX - n, "checked", proof->checked);
	return n;
}

int
domains_write(const char *state_dir, const char *domain,
    const struct domain_proof *proof)
{
	char text[FILE_MAX];
	int dir, rc;

	if (!is_domain(domain) || !is_token(proof->token) ||
	    proof->issued == 0) {
		errno = EINVAL;
		return -1;
	}
	if ((dir = state_make(state_dir, DIRECTORY)) == -1)
		return -1;
	rc = state_write(dir, domain, text, write_text(proof, text));
	state_close(dir);
	return rc;
}

void
domains_token(char *out)
{
	unsigned char random[TOKEN_BYTES];
	size_t i;

	/* So few bytes come whole, RANDOM(4), or not at all. */
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		err(EX_OSERR, "getrandom");
	for (i = 0; i < sizeof(random); i++)
		snprintf(out + 2 * i, 3, "%02x", random[i]);
}

static int
is_listed(const struct dirent *entry)
{
	return is_domain(entry->d_name);
}

static char **
copy_names(struct dirent **entry, size_t n)
{
	char **list = calloc(n + 1, sizeof(*list));
	size_t i;

	for (i = 0; list != NULL && i < n; i++)
		if ((list[i] = strdup(entry[i]->d_name)) == NULL) {
			while (i > 0)
				free(list[--i]);
			free(list);
			return NULL;
		}
	return list;
}

char **
domains_list(const char *state_dir)
{
	struct dirent **entry = NULL;
	char **list;
	int dir = state_open(state_dir, DIRECTORY), i, n;

	if (dir == -1)
		return errno == ENOENT ? calloc(1, sizeof(*list)) : NULL;
	n = scandirat(dir, ".", &entry, is_listed, alphasort);
	state_close(dir);
	if (n == -1)
		return NULL;
	list = copy_names(entry, (size_t)n);
	for (i = 0; i < n; i++)
		free(entry[i]);
	free(entry);
	return list;
}
