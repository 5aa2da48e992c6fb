/*
 * The rows of a file to be imported, checked.  Trusts no byte of them: what a
 * problem quotes is escaped and cut.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "email.h"
#include "import_row.h"
#include "log.h"

#define QUOTE_MAX	120	/* bytes of a field that a problem quotes */

const char *
import_column(unsigned int column)
{
	return column == 1 ? "Email" : column == 2 ? "Username" : "";
}

int
import_problem_add(struct import_problems *problems, unsigned long line,
    unsigned int column, const char *fmt, ...)
{
	struct import_problem *v, problem = { line, column, NULL };
	va_list ap;
	int n;

	if (problems->n == IMPORT_PROBLEMS_MAX) {
		problems->more++;
		return 0;
	}
	v = reallocarray(problems->v, problems->n + 1, sizeof(*v));
	if (v == NULL)
		return -1;
	problems->v = v;
	va_start(ap, fmt);
	n = vasprintf(&problem.text, fmt, ap);
	va_end(ap);
	if (n == -1)
		return -1;
	v[problems->n++] = problem;
	return 0;
}

static int
by_line(const void *a, const void *b)
{
	const struct import_problem *p = a, *q = b;

	if (p->line != q->line)
		return p->line < q->line ? -1 : 1;
	return (p->column > q->column) - (p->column < q->column);
}

void
import_problem_sort(struct import_problems *problems)
{
	if (problems->n > 1)
		qsort(problems->v, problems->n, sizeof(*problems->v), by_line);
}

void
import_problem_clear(struct import_problems *problems)
{
	size_t i;

	for (i = 0; i < problems->n; i++)
		free(problems->v[i].text);
	free(problems->v);
	memset(problems, 0, sizeof(*problems));
}

/* Where a line could not be read as CSV. */
static int
tell_fault(const struct csvfile_row *row, struct import_problems *problems)
{
	const char *text = "", *right = "";

	switch (row->fault) {
	case CSVFILE_OPEN_QUOTE:
		text = "unclosed quote";
		right = "the line must have a second one";
		break;
	case CSVFILE_STRAY_QUOTE:
		text = "a quote where none may be";
		right = "quotes stand around the whole field, and twice "
		    "inside it";
		break;
	case CSVFILE_LONG_LINE:
		text = "line too long";
		right = "up to 4096 bytes would be right";
		break;
	case CSVFILE_SOUND:
		break;
	}
	return import_problem_add(problems, row->line, row->fields + 1,
	    "%s: %s", text, right);
}

static int
tell_columns(const struct csvfile_row *row, struct import_problems *problems)
{
	if (row->fields < CSVFILE_COLUMNS)
		return import_problem_add(problems, row->line, 2,
		    "missing, the line has one column: two would be right, "
		    "\"Email,Username\"");
	return import_problem_add(problems, row->line, CSVFILE_COLUMNS + 1,
	    "one too many, the line has %u columns: two would be right, "
	    "\"Email,Username\"", row->fields);
}

struct fault {
	const char	*what;
	const char	*right;
};

static struct fault
user_fault(const char *s, size_t n)
{
	struct fault fault = { "is not a user", NULL };
	size_t i;

	if (n >= TABLE_USER_MAX)
		fault.right = "it has up to 255 characters";
	else if (*s == '-')
		fault.right = "it does not begin with \"-\"";
	for (i = 0; i < n && fault.right == NULL; i++)
		if (s[i] <= ' ' || s[i] > '~')
			fault.right = "it is printable ASCII without blanks";
	return fault;
}

/* right is NULL where nothing is wrong. */
static struct fault
field_fault(const char *s, size_t n, unsigned int column, char *out)
{
	struct fault fault = { "is not an address", NULL };

	if (!addr_clean(s, n)) {
		fault.what = "has a control character or malformed UTF-8";
		fault.right = "plain text in UTF-8 would be right";
	} else if (n == 0 && column == 1) {
		fault.what = "empty address";
		fault.right = "one such as \"alice@example.com\" would be "
		    "right";
	} else if (n == 0) {
		fault.what = "empty user";
		fault.right = "the forwarding user of the address would be "
		    "right";
	} else if (column == 2)
		return user_fault(s, n);
	else
		fault.right = email_read(s, n, out);
	return fault;
}

static int
tell_field(const struct csvfile_row *row, unsigned int column,
    struct import_problems *problems, const struct fault *fault)
{
	char safe[QUOTE_MAX + 1];

	if (row->len[column - 1] == 0)
		return import_problem_add(problems, row->line, column,
		    "%s: %s", fault->what, fault->right);
	log_safe(safe, sizeof(safe), row->field[column - 1]);
	return import_problem_add(problems, row->line, column,
	    "\"%s\"%s %s: %s", safe,
	    strlen(safe) + 4 > QUOTE_MAX ? "..." : "", fault->what,
	    fault->right);
}

int
import_row_read(const struct csvfile_row *row,
    struct import_problems *problems, char address[ADDR_MAX],
    char user[TABLE_USER_MAX])
{
	struct fault fault;
	unsigned int i;
	int rc = 1;

	if (row->fault != CSVFILE_SOUND)
		return tell_fault(row, problems);
	if (row->fields != CSVFILE_COLUMNS)
		return tell_columns(row, problems);
	for (i = 0; i < CSVFILE_COLUMNS; i++) {
		fault = field_fault(row->field[i], row->len[i], i + 1,
		    address);
		if (fault.right == NULL)
			continue;
		rc = 0;
		if (tell_field(row, i + 1, problems, &fault) == -1)
			return -1;
	}
	if (rc == 1)
		memcpy(user, row->field[1], row->len[1] + 1);
	return rc;
}
