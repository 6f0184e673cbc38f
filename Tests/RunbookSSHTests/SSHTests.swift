import Testing

/// All that speaks to a server, one after the other: the tests start programs and wait for them, and two
/// busy cores would make a deadline of one test pass while another one works.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SSHTests {}
