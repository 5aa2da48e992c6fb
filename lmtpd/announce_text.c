/*
 * The mail that tells a user.  The template is the admin's, address and user
 * are a table's: neither can begin a line of the header.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "announce_text.h"
#include "mailer.h"

#define SUBJECT	"Subject:"

struct values {
	const char	*address;
	const char	*user;
	const char	*forms;
};

int
announce_check(const char *template, const char **why)
{
	const char *end = strchr(template, '\n'), *p = template;

	*why = "the first line is to be \"Subject: ...\"";
	if (strncmp(p, SUBJECT, strlen(SUBJECT)) != 0 || end == NULL ||
	    p + strlen(SUBJECT) + strspn(p + strlen(SUBJECT), " \t\r") == end)
		return -1;
	*why = "the second line is to be empty";
	if (end[1 + strspn(end + 1, "\r")] != '\n')
		return -1;
	*why = "what %a, %u, %c and %% are is known, and nothing else behind "
	    "a %";
	for (p = template; (p = strchr(p, '%')) != NULL; p += 2)
		if (p[1] == '\0' || strchr("auc%", p[1]) == NULL)
			return -1;
	*why = NULL;
	return 0;
}

/* What stands between the beginning of p's line and p, if only blanks. */
static size_t
indent(const char *begin, const char *p)
{
	const char *line = p;

	while (line > begin && (line[-1] == ' ' || line[-1] == '\t'))
		line--;
	return line == begin || line[-1] == '\n' ? (size_t)(p - line) : 0;
}

/* The forms, all of them indented as the first is. */
static void
put_forms(FILE *f, const char *forms, const char *blanks, size_t n)
{
	for (; *forms != '\0'; forms++) {
		fputc(*forms, f);
		if (*forms == '\n')
			fwrite(blanks, 1, n, f);
	}
}

static void
put_filled(FILE *f, const char *begin, const char *end,
    const struct values *v)
{
	const char *p;
	size_t n;

	for (p = begin; p < end; p++) {
		if (*p != '%') {
			if (*p != '\r')
				fputc(*p, f);
			continue;
		}
		n = indent(begin, p);
		switch (*++p) {
		case 'a':
			fputs(v->address, f);
			break;
		case 'u':
			fputs(v->user, f);
			break;
		case 'c':
			put_forms(f, v->forms, p - 1 - n, n);
			break;
		default:
			fputc('%', f);
			break;
		}
	}
}

static char *
make_subject(const char *begin, const char *end, const struct values *v)
{
	char *subject = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&subject, &n);

	if (f == NULL)
		return NULL;
	begin += strspn(begin, " \t");
	put_filled(f, begin, end, v);
	if (fclose(f) == 0)
		return subject;
	free(subject);
	return NULL;
}

static char *
make_head(const struct policy *p, const char *template,
    const struct values *v)
{
	char *address = (char *)v->address, *subject, *head = NULL;
	char *list[] = { address, NULL };
	struct strings to = { list, 1 };

	subject = make_subject(strchr(template, ':') + 1,
	    strchr(template, '\n'), v);
	if (subject != NULL)
		head = mailer_head(p, &to, subject, NULL);
	free(subject);
	return head;
}

char *
announce_text(const struct policy *p, const char *template,
    const char *address, const char *user, const char *forms)
{
	struct values v = { address, user, forms };
	char *head = make_head(p, template, &v), *text = NULL;
	size_t n = 0;
	FILE *f = head != NULL ? open_memstream(&text, &n) : NULL;

	if (f == NULL) {
		free(head);
		return NULL;
	}
	fputs(head, f);
	free(head);
	template = strchr(template, '\n') + 1;
	put_filled(f, template, template + strlen(template), &v);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static bool
uses_table(const struct account *a, const char *table)
{
	size_t i;

	for (i = 0; i < a->sources; i++)
		if (a->source[i].kind == SOURCE_USERS &&
		    strcmp(a->source[i].name, table) == 0)
			return true;
	return false;
}

static void
put_form(FILE *f, const struct channel *c)
{
	const char *star = strchr(c->pattern, '*');

	if (ftell(f) > 0)
		fputc('\n', f);
	if (star == NULL)
		fputs(c->pattern, f);
	else
		fprintf(f, "%.*s%s%s", (int)(star - c->pattern), c->pattern,
		    c->number ? "NUMBER" : "NAME", star + 1);
}

char *
announce_forms(const struct policy *p, const char *table)
{
	char *forms = NULL;
	size_t n = 0, i, k;
	FILE *f = open_memstream(&forms, &n);

	if (f == NULL)
		return NULL;
	for (i = 0; i < p->accounts; i++)
		if (uses_table(&p->account[i], table))
			for (k = 0; k < p->account[i].grants; k++)
				put_form(f, p->account[i].grant[k].channel);
	if (fclose(f) == 0)
		return forms;
	free(forms);
	return NULL;
}
