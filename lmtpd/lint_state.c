/*
 * What a policy expects of the state directory: tables that were imported,
 * domains that were proven; and that nobody else may write there.  Trusts the
 * policy, and the state to be what it is now.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "domains.h"
#include "lint_state.h"
#include "seen.h"
#include "state.h"
#include "table.h"

struct below {
	struct conf_errors	*l;
	const struct policy	*policy;
	uid_t			 owner;		/* lmtpd's user */
};

/* Of the state directory itself the configuration's reader tells. */
static int
lint_owner(int dir, const char *name, void *arg)
{
	const struct below *in = arg;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISDIR(st.st_mode))
		return 0;
	if (conf_writers(st.st_mode) != NULL)
		conf_doubt(in->l, conf_top(in->policy), "%s/%s is writable by "
		    "%s, and mail that needs it is answered 451: chmod go-w "
		    "it", in->policy->state_dir, name,
		    conf_writers(st.st_mode));
	else if (st.st_uid != 0 && st.st_uid != in->owner)
		conf_doubt(in->l, conf_top(in->policy), "%s/%s is user %u's, "
		    "and mail that needs it is answered 451: chown it to "
		    "lmtpd's user", in->policy->state_dir, name,
		    (unsigned int)st.st_uid);
	return 0;
}

static void
lint_owners(struct conf_errors *l, const struct policy *p)
{
	struct below in = { .l = l, .policy = p };
	int dir = open(p->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir == -1)
		return;
	if (fstat(dir, &st) == 0) {
		in.owner = st.st_uid;
		state_each(dir, lint_owner, &in);
	}
	close(dir);
}

/* Else what is its user's own is another's to us. */
static bool
we_are_its_user(const struct policy *p)
{
	struct stat st;

	return stat(p->state_dir, &st) == 0 && st.st_uid == geteuid();
}

static void
lint_table(struct conf_errors *l, const struct policy *p,
    const struct source *s)
{
	struct table *table = table_open(p->state_dir, s->name);

	if (table == NULL && errno == EPERM && !we_are_its_user(p))
		return;
	if (table == NULL && errno == ENOENT)
		conf_doubt(l, s->where, "users \"%s\": there is no such table, "
		    "and mail that might be of it is answered 451: lmtpctl "
		    "import %s FILE.csv", s->name, s->name);
	else if (table == NULL && errno == EBADMSG)
		conf_doubt(l, s->where, "users \"%s\": the table is damaged, "
		    "and mail that might be of it is answered 451: lmtpctl "
		    "import --replace %s FILE.csv", s->name, s->name);
	else if (table == NULL && errno == EPERM)
		conf_doubt(l, s->where, "users \"%s\": others than lmtpd's "
		    "user may change the table, and mail that might be of it "
		    "is answered 451: chmod go-w it, chown it to him", s->name);
	else if (table == NULL)
		conf_doubt(l, s->where, "users \"%s\": the table cannot be "
		    "read: %s", s->name, strerror(errno));
	table_close(table);
}

static void
lint_domain(struct conf_errors *l, const struct policy *p,
    const struct source *s)
{
	struct domain_proof proof;
	int rc = domains_read(p->state_dir, s->name, &proof);

	if (rc == 0)
		conf_doubt(l, s->where, "domain \"%s\" is to be verified and "
		    "has no token yet: lmtpctl domain token %s", s->name,
		    s->name);
	else if (rc == -1)
		conf_doubt(l, s->where, "domain \"%s\" is to be verified, and "
		    "its file below state-dir cannot be read: %s", s->name,
		    strerror(errno));
	else if (proof.verified == 0)
		conf_doubt(l, s->where, "domain \"%s\" is not verified: its "
		    "mail is refused until lmtpctl domain verify %s finds the "
		    "token", s->name, s->name);
}

/* What is not noted is not told. */
static void
lint_seen(struct conf_errors *l, const struct policy *p,
    const struct account *a)
{
	long dropped = seen_dropped(p->state_dir, a->name);

	if (dropped > 0)
		conf_doubt(l, a->where, "account \"%s\" came from more servers "
		    "than are kept, %ld were not noted: lmtpctl seen --forget "
		    "%s makes room", a->name, dropped, a->name);
}

/* Who is to be told, and by what. */
static void
lint_notices(struct conf_errors *l, const struct policy *p,
    const struct account *a)
{
	if (a->admin.n > 0 && p->mailer.n == 0)
		conf_doubt(l, a->where, "account \"%s\" has an admin to be told "
		    "of new server addresses, and there is no mailer to tell "
		    "with", a->name);
}

void
lint_state(struct conf_errors *l, const struct policy *p)
{
	size_t i, j;

	lint_owners(l, p);
	for (i = 0; i < p->accounts; i++) {
		const struct account *a = &p->account[i];

		lint_notices(l, p, a);
		lint_seen(l, p, a);
		for (j = 0; j < a->sources; j++)
			if (a->source[j].kind == SOURCE_USERS)
				lint_table(l, p, &a->source[j]);
			else if (a->source[j].verify)
				lint_domain(l, p, &a->source[j]);
	}
}
