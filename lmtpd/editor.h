/*
 * A file in the user's editor.
 */
#ifndef EDITOR_H
#define EDITOR_H

/*
 * A private copy of what fd holds goes to $VISUAL, $EDITOR, editor or vi, on
 * the terminal tty; name is what the copy is called.  A descriptor of what came
 * of it, a file without a name; or -1 after a complaint, fd then is what it
 * was.
 */
int	 editor_edit(int fd, const char *name, int tty);

#endif
