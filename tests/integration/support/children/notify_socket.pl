# SPDX-License-Identifier: MIT
# A service manager's ear: notify_socket.pl PATH prints each datagram as one line, with "|"
# between its own lines. Perl, since node has no such sockets.
use strict;
use Socket;
use IO::Handle;

my ($path) = @ARGV;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, pack_sockaddr_un($path)) or die "bind: $!";
STDOUT->autoflush(1);
print "listening\n";
while (defined recv($socket, my $text, 4096, 0)) {
	$text =~ tr/\n/|/;
	print "$text\n";
}
