/*
 * The configuration, from file to policy: parsed, made, checked.  Trusts the
 * author of the files, not his attention.
 */
#include "conf.h"
#include "conf_check.h"
#include "conf_make.h"
#include "conf_parse.h"

struct policy *
conf_load(const char *path, const struct conf_report *report)
{
	struct conf_errors errors = { report, 0 };
	struct policy *p = conf_room(1, sizeof(*p));
	struct conf_node root;

	if (conf_parse(path, &p->files, &errors, &root) == 0)
		conf_make(p, &root, &errors);
	if (errors.n == 0)
		conf_check(p, &errors);
	conf_parse_free(&root);
	if (errors.n == 0)
		return p;
	policy_free(p);
	return NULL;
}
