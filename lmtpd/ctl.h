/*
 * The words of lmtpctl.  Each takes its own arguments, argv[0] being the
 * word, and returns the exit status.
 */
#ifndef CTL_H
#define CTL_H

struct ctl {
	const char	*conf;		/* path of the configuration */
};

int	 ctl_check(const struct ctl *, int argc, char **argv);
int	 ctl_domain(const struct ctl *, int argc, char **argv);
int	 ctl_explain(const struct ctl *, int argc, char **argv);
int	 ctl_export(const struct ctl *, int argc, char **argv);
int	 ctl_import(const struct ctl *, int argc, char **argv);
int	 ctl_lookup(const struct ctl *, int argc, char **argv);
int	 ctl_match(const struct ctl *, int argc, char **argv);
int	 ctl_seen(const struct ctl *, int argc, char **argv);
int	 ctl_spf(const struct ctl *, int argc, char **argv);
int	 ctl_sweep(const struct ctl *, int argc, char **argv);

#endif
