/**
 * Commands, one after the other, and what is replied to each, with types: see `TypedConnection`. What is shown is RESP3's; `_*`
 * is null where RESP2 has a null array. Redis 7.4 answers so; a line that begins with `>` is of a command that older ones
 * do not have.
 */
const LINES = `
PING => +PONG
PING hello => $hello
PING a b => -ERR wrong number of arguments for 'ping' command
ECHO hello => $hello
ECHO => -ERR wrong number of arguments for 'echo' command
SELECT 0 => +OK
SELECT -1 => -ERR DB index is out of range
SELECT x => -ERR value is not an integer or out of range
DBSIZE => :0
RANDOMKEY => _
GET none => _
SET k v => +OK
GET k => $v
get K => _
SET k w NX => _
SET k w XX => +OK
SET k x GET => $w
SET new x GET => _
SET other x XX GET => _
SET k y NX GET => $x
SET k v EX 0 => -ERR invalid expire time in 'set' command
SET k v EX x => -ERR value is not an integer or out of range
SET k v NX XX => -ERR syntax error
SET k v EX 1 PX 1 => -ERR syntax error
SET k => -ERR wrong number of arguments for 'set' command
SET k v EXAT 4000000000 => +OK
EXPIRETIME k => :4000000000
PEXPIRETIME k => :4000000000000
SET k w KEEPTTL => +OK
EXPIRETIME k => :4000000000
GETEX k => $w
GETEX k PERSIST => $w
TTL k => :-1
PTTL none => :-2
EXPIRETIME none => :-2
GETEX none => _
GETEX k EX 0 => -ERR invalid expire time in 'getex' command
GETSET k v => $w
GETSET absent v => _
GETDEL absent => $v
GETDEL absent => _
SETNX k v => :0
SETNX fresh v => :1
SETEX k 100 v => +OK
SETEX k 0 v => -ERR invalid expire time in 'setex' command
PSETEX k 100000 v => +OK
PERSIST k => :1
PERSIST k => :0
MSET a 1 b 2 => +OK
MSET a => -ERR wrong number of arguments for 'mset' command
MSET a 1 b => -ERR wrong number of arguments for 'mset' command
MGET a none b => [$1, _, $2]
MGET none => [_]
MSETNX a 9 c 9 => :0
MSETNX c 3 d 4 => :1
EXISTS a b none a => :3
TOUCH a none => :1
TYPE a => +string
TYPE none => +none
STRLEN k => :1
STRLEN none => :0
APPEND text Hello => :5
APPEND text World => :10
GETRANGE text 0 -1 => $HelloWorld
GETRANGE text -5 -1 => $World
GETRANGE text 5 3 => $
GETRANGE none 0 -1 => $
GETRANGE text x 1 => -ERR value is not an integer or out of range
SETRANGE text 5 ----- => :10
GET text => $Hello-----
SETRANGE text -1 x => -ERR offset is out of range
SETRANGE padded 5 x => :6
INCR n => :1
INCRBY n 41 => :42
DECR n => :41
DECRBY n 42 => :-1
INCR text => -ERR value is not an integer or out of range
INCRBY n x => -ERR value is not an integer or out of range
SET large 9223372036854775806 => +OK
INCR large => :9223372036854775807
INCR large => -ERR increment or decrement would overflow
DECRBY n -9223372036854775808 => -ERR decrement would overflow
INCRBYFLOAT f 0.5 => $0.5
INCRBYFLOAT f 1 => $1.5
INCRBYFLOAT f -1.5 => $0
INCRBYFLOAT f 3.0e3 => $3000
INCRBYFLOAT f x => -ERR value is not a valid float
INCRBYFLOAT text 1 => -ERR value is not a valid float
EXPIRE a 100 XX => :0
EXPIRE a 100 NX => :1
EXPIRE a 100 NX => :0
EXPIRE a 10 GT => :0
EXPIRE a 1000 GT => :1
EXPIRE a 10 LT => :1
EXPIRE none 10 => :0
EXPIRE a 10 NX XX => -ERR NX and XX, GT or LT options at the same time are not compatible
EXPIRE a 10 GT LT => -ERR GT and LT options at the same time are not compatible
EXPIRE a 10 ZZ => -ERR Unsupported option ZZ
EXPIRE a 9223372036854775807 => -ERR invalid expire time in 'expire' command
PEXPIRE a 10000 => :1
EXPIREAT a 4000000000 => :1
PEXPIREAT a 4000000000123 => :1
PEXPIRETIME a => :4000000000123
EXPIRE a -1 => :1
EXISTS a => :0
RENAME none x => -ERR no such key
RENAME b bb => +OK
RENAMENX bb c => :0
RENAMENX bb b => :1
COPY b c => :0
COPY b c REPLACE => :1
COPY b e => :1
COPY b b => -ERR source and destination objects are the same
COPY b e DB x => -ERR value is not an integer or out of range
DEL c d e none => :3
UNLINK fresh none => :1
KEYS none* => []
KEYS b => [$b]
SCAN 0 MATCH none* COUNT 1000000 => [$0, []]
SCAN 0 MATCH b COUNT 1000000 => [$0, [$b]]
SCAN x => -ERR invalid cursor
SCAN 0 COUNT 0 => -ERR syntax error
MULTI => +OK
SET t 1 => +QUEUED
INCR t => +QUEUED
GET none2 => +QUEUED
INCR text => +QUEUED
MGET t none2 => +QUEUED
EXEC => [+OK, :2, _, -ERR value is not an integer or out of range, [$2, _]]
MULTI => +OK
MULTI => -ERR MULTI calls can not be nested
WATCH t => -ERR WATCH inside MULTI is not allowed
DISCARD => +OK
MULTI => +OK
NOSUCH => -ERR unknown command 'NOSUCH', with args beginning with: 
GET => -ERR wrong number of arguments for 'get' command
EXEC => -EXECABORT Transaction discarded because of previous errors.
EXEC => -ERR EXEC without MULTI
DISCARD => -ERR DISCARD without MULTI
WATCH t => +OK
SET t 3 => +OK
MULTI => +OK
EXEC => _*
WATCH t => +OK
UNWATCH => +OK
MULTI => +OK
EXEC => []
CLIENT GETNAME => _
CLIENT SETNAME tester => +OK
CLIENT GETNAME => $tester
CLIENT SETNAME a\tb => -ERR Client names cannot contain spaces, newlines or special characters.
CLIENT SETNAME => -ERR wrong number of arguments for 'client|setname' command
CLIENT NO-EVICT on => +OK
CLIENT NO-EVICT maybe => -ERR syntax error
CLIENT LIST TYPE nobody => -ERR Unknown client type 'nobody'
CLIENT LIST ID x => -ERR Invalid client ID
CLIENT LIST ID 999999 => =txt:
CLIENT LIST ID 9223372036854775807 => =txt:
CLIENT LIST ID 9223372036854775808 => -ERR Invalid client ID
CLIENT NOSUCH => -ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.
CLIENT => -ERR wrong number of arguments for 'client' command
> CLIENT NO-TOUCH on => +OK
> CLIENT SETINFO LIB-NAME tester => +OK
> CLIENT SETINFO NAME tester => -ERR Unrecognized option 'NAME'
CONFIG GET save => {$save: $}
CONFIG GET appendonly save => /^\\{\\$(appendonly: \\$no, \\$save: \\$|save: \\$, \\$appendonly: \\$no)\\}$/
CONFIG GET none* => {}
CONFIG GET => -ERR wrong number of arguments for 'config|get' command
CONFIG RESETSTAT => +OK
CONFIG NOSUCH => -ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.
COMMAND INFO nosuch => [_]
COMMAND INFO get => /^\\[\\[\\$get, :2, ~\\[\\+readonly, \\+fast\\], :1, :1, :1, ~\\[(\\+@(read|string|fast)(, )?){3}\\], ~\\[\\], ~\\[\\{\\$flags: ~\\[\\+RO, \\+access\\], \\$begin/
COMMAND INFO config => /^\\[\\[\\$config, :-2, ~\\[\\], :0, :0, :0, ~\\[\\+@slow\\], ~\\[\\], ~\\[\\], \\[\\[\\$config\\|/
COMMAND GETKEYS MSET a 1 b 2 => [$a, $b]
> COMMAND GETKEYS PING => -ERR The command has no key arguments
COMMAND GETKEYS NOSUCH x => -ERR Invalid command specified
COMMAND DOCS nosuch => {}
COMMAND NOSUCH => -ERR unknown subcommand 'NOSUCH'. Try COMMAND HELP.
COMMAND LIST FILTERBY PATTERN msetn? => [$msetnx]
INFO none => =txt:
INFO cluster => =txt:# Cluster\r\ncluster_enabled:0\r\n
TIME => /^\\[\\$\\d{10}, \\$\\d{1,6}\\]$/
AUTH => -ERR wrong number of arguments for 'auth' command
AUTH x => -ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
AUTH default x => +OK
AUTH nobody x => -WRONGPASS invalid username-password pair or user is disabled.
HELLO 4 => -NOPROTO unsupported protocol version
HELLO x => -ERR Protocol version is not an integer or out of range
HELLO 3 FOO => -ERR Syntax error in HELLO option 'FOO'
NOSUCH a b => -ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' 
FLUSHDB x => -ERR syntax error
FLUSHDB ASYNC => +OK
DBSIZE => :0
SET k v => +OK
FLUSHALL SYNC => +OK
GET k => _
RESET => +RESET
CLIENT GETNAME => nil
QUIT => +OK
`;

export interface Row {
  readonly command: string;
  /** Reply as text, or a pattern of it. */
  readonly reply: Readonly<Record<2 | 3, string | RegExp>>;
  /** Whether a Redis before 7.2 does not know the command. */
  readonly isRecent: boolean;
}

export const ROWS: readonly Row[] = LINES.slice(1, -1)
  // A line's own line feeds are written out: those of replies come behind a carriage return.
  .split(/(?<!\r)\n/)
  .map((line) => {
    const isRecent = line.startsWith('> ');
    const at = line.indexOf(' => ');
    const told = line.slice(at + 4);
    return {
      command: line.slice(isRecent ? 2 : 0, at),
      reply: { 2: expectation(inTwo(told)), 3: expectation(told.replaceAll('_*', '_')) },
      isRecent,
    };
  });

/** Without what RESP3 has beyond RESP2. */
function inTwo(told: string): string {
  if (told.startsWith('-')) return told;
  return told
    .replaceAll('_*', 'nil*')
    .replaceAll(/(?<=^|[[ ])_(?=$|[\],])/g, 'nil')
    .replaceAll(/~(\\?)\[/g, '$1[')
    .replaceAll('=txt:', '$')
    .replaceAll(/(\\?)\{(?!\d)/g, '$1[')
    .replaceAll(/(?<!\d)(\\?)\}/g, '$1]')
    .replaceAll(/: (?!-?\d)/g, ', ');
}

function expectation(told: string): string | RegExp {
  return told.startsWith('/') ? new RegExp(told.slice(1, -1)) : told;
}
