// SPDX-License-Identifier: MIT
// The way to a file, for the watch and its test.
#pragma once

// Calls visit with each folder in which the path can be turned elsewhere: that of each
// symbolic link on the way, and that of the file at its end. Ends where nothing is.
typedef void (*file_watch_visit_cb)(void *arg, const char *folder);
void file_watch_walk(const char *path, file_watch_visit_cb visit, void *arg);
