# SPDX-License-Identifier: MIT
# A service manager's socket activation: socket_activation.pl ADDRESS ... -- PROGRAM ...
# listens at each address (a port of the loopback, or a path) and becomes the program, which
# finds the sockets from descriptor 3 on.
use strict;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();

my @sockets;
while (defined(my $address = shift @ARGV)) {
	last if $address eq '--';
	my $socket = $address =~ m{^/}
		? IO::Socket::UNIX->new(Local => $address, Listen => 128)
		: IO::Socket::INET->new(LocalAddr => "127.0.0.1:$address", Listen => 128, ReuseAddr => 1);
	push @sockets, $socket or die "$address: $!";
}
my @copies = (100 .. 100 + $#sockets);
POSIX::dup2($sockets[$_]->fileno, $copies[$_]) or die "dup: $!" for 0 .. $#copies;
POSIX::dup2($copies[$_], 3 + $_) for 0 .. $#copies;
POSIX::close($_) for @copies;
$ENV{LISTEN_PID} = $$;
$ENV{LISTEN_FDS} = @copies;
exec { $ARGV[0] } @ARGV or die "exec: $!";
