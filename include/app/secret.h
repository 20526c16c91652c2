/* Passwords that come in files: secrets of Docker and its like, which must not stand in settings or arguments. */
#ifndef LEADD_APP_SECRET_H
#define LEADD_APP_SECRET_H

/*
 * Hands the first line of a file to libpq, as the password of all connections whose conninfo names none.
 * Ends the process with EXIT_CONFIG when there is no such line.
 *
 * path: NULL or "" does nothing
 */
void secret_read_password(const char *path);

/* The same for one that was read: what the file says by now, where it says something. Connections to come have it. */
void secret_renew_password(const char *path);

#endif
