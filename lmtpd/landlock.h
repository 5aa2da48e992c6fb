/*
 * No files, and no TCP, for a process and its children.
 */
#ifndef LANDLOCK_H
#define LANDLOCK_H

#include <stdint.h>

#define LANDLOCK_NO_PORT	0

/*
 * Deny all that this kernel's Landlock can deny: every access to files, TCP
 * but to a port, signals to and abstract sockets of processes outside.  For
 * good; needs no_new_privs.  0; -1 (errno), also where there is no Landlock.
 */
int	 landlock_deny_all(uint16_t but_port);

#endif
