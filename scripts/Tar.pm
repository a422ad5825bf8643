# Tar.pm: what the programs beside it have in common: the members of a tar are read, and
# the parts of one are written. What a tar says is not believed.
#
# Sources: pax(1); GNU tar, "Basic Tar Format".
package Tar;
use strict;
use warnings;
use Exporter qw(import);
use FindBin;

use constant { PATH_MAX => 4096, HEADERS_MAX => 4 << 20 };    # of one member: attributes, too

our @EXPORT = qw(fail take members put padding octal header pax finish);

sub fail { print STDERR "$FindBin::Script: @_\n"; exit 1 }

# So many bytes from where the file is; where there are fewer, fails with `why`.
sub take {
	my ($file, $len, $why) = @_;
	my $data = "";
	while (length $data < $len) {
		sysread($file, $data, $len - length $data, length $data) or fail($why);
	}
	return $data;
}

# A seek may lead past the end, and says nothing.
sub skip {
	my ($file, $len, $why) = @_;
	$len = 1 if $len > 0 && sysseek $file, $len - 1, 1;
	for (; $len > 0; $len -= 1 << 20) {
		take($file, $len < 1 << 20 ? $len : 1 << 20, $why);
	}
}

sub number {
	my ($field) = @_;
	return oct("0" . ($field =~ /([0-7]+)/ ? $1 : "0")) if ord($field) < 0x80;
	my $n = ord($field) & 0x7f;
	$n = $n * 256 + ord for split //, substr $field, 1;
	return $n;
}

# The sum of the bytes, which some took as signed.
sub is_header {
	my ($head) = @_;
	my $said = number(substr $head, 148, 8);
	substr($head, 148, 8) = " " x 8;
	return grep { $_ == $said } unpack("%32C*", $head), unpack("%32c*", $head);
}

# Records "LENGTH KEY=VALUE\n", above those that are there; a value may hold any bytes.
sub pax_records {
	my ($text, %records) = @_;
	my $len;
	for (my $at = 0; substr($text, $at, 10) =~ /^(\d{1,9}) /; $at += $len) {
		$len = $1;
		my $before = length($len) + 1;
		last if $len <= $before || $len > length($text) - $at;
		$records{$1} = $2 if substr($text, $at + $before, $len - $before) =~ /^([^=]+)=(.*)\n\z/s;
	}
	return %records;
}

# What holds for all members from there on: no attributes, and nothing that nobody reads.
sub pax_global {
	my (%records) = @_;
	return map { $_ => $records{$_} } grep { defined $records{$_} && length $records{$_} <= PATH_MAX }
		qw(path linkpath size uid gid uname gname mtime);
}

# Calls `each` with {name, link, type, head, pax, file, at, size} for every member of a
# file or pipe from its beginning on; `what` is it in what is said of it.
sub members {
	my ($file, $what, $each) = @_;
	my ($early, $at, $headers, %global, %next) = ("$what is damaged: it ends too early", 0, 0);
	my $n;
	while ($n = sysread $file, my $head, 512) {
		$head .= take($file, 512 - $n, $early);
		last if $head =~ /^\0+\z/;
		fail("$what is damaged: it is no tar") unless is_header($head);
		my ($name, $size, $type, $link, $magic, $prefix) = unpack "Z100 x24 a12 x20 a1 Z100 a6 x82 Z155", $head;
		my $len = number($size);
		$at += 512;
		if ($type =~ /[xgLK]/) {
			$headers += $len;
			fail("$what is damaged: a header is too large") if $headers > HEADERS_MAX;
			my $room = $len + (-$len & 511);
			my $data = substr take($file, $room, $early), 0, $len;
			%next = pax_records($data, %next) if $type eq "x";
			%global = pax_global(pax_records($data, %global)) if $type eq "g";
			$next{path} //= unpack "Z*", $data if $type eq "L";
			$next{linkpath} //= unpack "Z*", $data if $type eq "K";
			$at += $room;
			next;
		}
		for (my $more = substr $head, 482, 1; $type eq "S" && $more ne "\0"; $at += 512) {    # of its map
			$more = substr take($file, 512, $early), 504, 1;
		}
		$name = "$prefix/$name" if $magic eq "ustar\0" && $prefix ne "";
		my %pax = (%global, %next);
		$len = $pax{size} =~ /^(\d{1,18})\z/ ? $1 : fail("$what is damaged: a size") if defined $pax{size};
		$len = 0 if $type =~ /[1-6]/;
		$name = $pax{"GNU.sparse.name"} // $pax{path} // $name;
		$link = $pax{linkpath} // $link;
		fail("$what is damaged: a name is too long") if length $name > PATH_MAX || length $link > PATH_MAX;
		$each->({ name => $name, link => $link,
			type => $type eq "\0" ? "0" : $type, head => $head, pax => \%pax, file => $file, at => $at, size => $len });
		$len += -$len & 511;
		skip($file, $len, $early);
		$at += $len;
		%next = ();
		$headers = 0;
	}
	fail("unable to read $what: $!") unless defined $n;
}

sub put {
	my ($data) = @_;
	while ($data ne "") {
		my $n = syswrite STDOUT, $data;
		fail("unable to write: $!") unless defined $n;
		substr($data, 0, $n) = "";
	}
}

sub padding { return "\0" x (-$_[0] & 511) }

# What does not fit is in the records.
sub octal {
	my ($n, $digits) = @_;
	return sprintf "%0*o", $digits, $n < 8**$digits && $n >= 0 ? $n : 0;
}

# owner (mode, uid and gid), mtime, names and devices as they stand in it.
sub header {
	my (%of) = (link => "", names => "", devices => "", @_);
	my $head = pack "a100 a24 a12 a12 a8 a1 a100 a6 a2 a64 a16 a167", $of{name}, $of{owner}, octal($of{size}, 11),
		$of{mtime}, " " x 8, $of{type}, $of{link}, "ustar\0", "00", $of{names}, $of{devices}, "";
	substr($head, 148, 7) = sprintf "%06o\0", unpack "%32C*", $head;
	return $head;
}

# "LENGTH KEY=VALUE\n", its own length included.
sub record {
	my ($key, $value) = @_;
	my $rest = length(" $key=$value\n");
	my $len = $rest + length $rest;
	$len = $rest + length $len;
	return "$len $key=$value\n";
}

# What goes before the header of the member called so.
sub pax {
	my ($name, %records) = @_;
	return "" unless %records;
	my $text = join "", map { record($_, $records{$_}) } sort keys %records;
	return header(name => "PaxHeaders/" . substr($name, -80), type => "x", size => length $text,
		owner => "0000644\0" . "0000000\0" x 2, mtime => "0" x 11) . $text . padding(length $text);
}

sub finish { put("\0" x 10240) }

1;
