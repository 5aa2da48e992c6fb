/*
 * The client's identity, from the kernel and from nobody else.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <netinet/in.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static bool
uid_trusted(uid_t uid, const struct strings *trusted)
{
	size_t i;

	for (i = 0; i < trusted->n; i++) {
		const char *who = trusted->v[i], *error;
		struct ip_addr ip;
		struct passwd *pw;
		uid_t named;

		if (ip_read(who, &ip) == 0)
			continue;
		named = strtonum(who, 0, UINT32_MAX - 1, &error);
		if (error != NULL) {
			if ((pw = getpwnam(who)) == NULL)
				continue;
			named = pw->pw_uid;
		}
		if (named == uid)
			return true;
	}
	return false;
}

static bool
ip_trusted(const struct ip_addr *addr, const struct strings *trusted)
{
	struct ip_addr ip;
	size_t i;

	for (i = 0; i < trusted->n; i++)
		if (ip_read(trusted->v[i], &ip) == 0 && ip_equal(&ip, addr))
			return true;
	return false;
}

static void
identify_inet(const struct sockaddr_storage *ss, struct ip_addr *addr)
{
	const struct sockaddr_in6 *six = (const void *)ss;
	const struct sockaddr_in *sin = (const void *)ss;

	if (ss->ss_family == AF_INET) {
		addr->family = AF_INET;
		memcpy(addr->byte, &sin->sin_addr, 4);
	} else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		addr->family = AF_INET;
		memcpy(addr->byte, six->sin6_addr.s6_addr + 12, 4);
	} else {
		addr->family = AF_INET6;
		memcpy(addr->byte, six->sin6_addr.s6_addr, 16);
	}
}

static void
identify_unix(int fd, const struct strings *trusted, struct peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	    cred.uid != (uid_t)-1) {
		peer->uid = cred.uid;
		peer->trusted = uid_trusted(cred.uid, trusted);
	}
}

void
peer_identify(int fd, const struct strings *trusted, struct peer *peer)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct stat st;

	peer->trusted = false;
	peer->addr = (struct ip_addr){ .family = AF_UNSPEC };
	peer->uid = (uid_t)-1;
	if (fstat(fd, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		peer->trusted = true;
		return;
	}
	memset(&ss, 0, sizeof(ss));
	if (getpeername(fd, (struct sockaddr *)&ss, &len) == -1)
		return;
	if (ss.ss_family == AF_UNIX)
		identify_unix(fd, trusted, peer);
	else if (ss.ss_family == AF_INET || ss.ss_family == AF_INET6) {
		identify_inet(&ss, &peer->addr);
		peer->trusted = ip_trusted(&peer->addr, trusted);
	}
}

char *
peer_name(const struct peer *peer, char out[PEER_NAME_MAX])
{
	struct passwd *pw;

	if (peer->addr.family != AF_UNSPEC)
		ip_write(&peer->addr, out);
	else if (peer->uid == (uid_t)-1)
		strlcpy(out, "unknown", PEER_NAME_MAX);
	else if ((pw = getpwuid(peer->uid)) != NULL)
		snprintf(out, PEER_NAME_MAX, "user %s (%u)", pw->pw_name,
		    (unsigned int)peer->uid);
	else
		snprintf(out, PEER_NAME_MAX, "user %u",
		    (unsigned int)peer->uid);
	return out;
}
