/*
 * How many addresses an account has: a file that is counted up without looking
 * at the directory.  Whoever removes an address empties it.
 */
#ifndef SEEN_COUNT_H
#define SEEN_COUNT_H

/*
 * Whether there is room for one more of most, which is counted at once: who is
 * killed before it is there leaves one too many in the count, never one too
 * few; and one that is full, empty or damaged is counted anew.  The caller
 * holds the file's lock.  1; 0 no room, and that is counted; -1 (errno).
 */
int	 seen_count_take(int dir, int fd, unsigned long most);

/* How many found no room. */
long	 seen_count_dropped(int fd);

#endif
