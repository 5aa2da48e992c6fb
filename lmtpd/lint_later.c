/*
 * What can be written in the configuration already and is not built in this
 * version: no one shall believe that it works.
 */
#include "lint_later.h"

#define DAYS	86400

/* Mail that needs it is deferred: it is never let past instead. */
static void
deferred(struct conf_errors *l, struct where where, const char *key)
{
	conf_doubt(l, where, "%s is not built in this version: such mail is "
	    "answered 451", key);
}

static void
idle(struct conf_errors *l, struct where where, const char *key)
{
	conf_doubt(l, where, "%s has no effect in this version", key);
}

static void
later_top(struct conf_errors *l, const struct policy *p)
{
	struct where top = conf_top(p);

	if (p->remember != 7 * DAYS && p->remember != 0)
		idle(l, top, "remember");
	if (p->mailer.n > 0)
		idle(l, top, "mailer");
}

static void
later_account(struct conf_errors *l, const struct account *a)
{
	if (*a->rate != '\0')
		deferred(l, a->where, "rate");
	if (a->admin.n > 0)
		idle(l, a->where, "admin");
}

void
lint_later(struct conf_errors *l, const struct policy *p)
{
	size_t i;

	later_top(l, p);
	for (i = 0; i < p->accounts; i++)
		later_account(l, &p->account[i]);
}
