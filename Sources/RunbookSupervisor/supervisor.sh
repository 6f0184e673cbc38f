#!/bin/sh
# What runs on a host: one long-lived shell that reads requests of one line each and answers in frames.
# docs/supervisor.md has the protocol, the files and the reasons. Only what Debian 7 has is used: dash 0.5.7,
# coreutils 8.13, setsid, grep; mkfifo where it is. Started as `sh -c TEXT runbook RUN NONCE [BASE]`; comments are not sent.
# A process costs a millisecond, so claims, states and short texts are handled by builtins alone. A file that
# is emptied and written anew costs as much (ext4 starts to write it out when it is closed): append instead.
#
# Names begin with rb_ (but for nl), so that no variable of a runbook can meet them. Functions that give back a value say
# so and set rb_… ; times are centiseconds.

nl='
'
rb_run=$1 rb_n=$2 rb_o=$nl rb_seq=0 rb_last='' rb_struck='' rb_wants='' rb_kept=''
rb_r1='' rb_r2='' rb_h1='' rb_h2=''
# shellcheck disable=SC2016 # for the script's own shell
rb_head='{ read -r rb_x </proc/self/stat && set -- ${rb_x##*) } && echo "pid $$ ${20-} ." >&8; } 2>/dev/null || :; unset rb_x; shift $#; umask 022; exec 8>&- 9<&-; '
# bash as `sh` does not tell what a child died of; rb_ended needs it told.
# shellcheck disable=SC3028,SC3040
[ -z "$BASH_VERSION" ] || set +o posix
export LC_ALL=C
unset ENV BASH_ENV CDPATH
set -f
umask 077
cd /
# Caught, not ignored: a command that is started gets the default action back.
trap rb_struck=1 HUP INT QUIT TERM

# --- replies -----------------------------------------------------------------------------------------

# rb_say TEXT WORDS: adds a frame to the reply.
rb_say() { rb_o="${rb_o}RB1 $rb_n $rb_tag ${#1} $2$nl$1"; }

# Sends what was said. Nobody there to hear it: nothing more to do.
rb_flush() {
    printf %s "$rb_o" || exit
    rb_o=
}

# rb_fail TEXT: this request cannot be carried out, for a reason of this host.
rb_fail() { rb_say "$1" failed; }

# rb_slurp FILE SIZE: the text into rb_s without a process. Fails when the text is too long for that, or when
# the shell's `read` swallowed a NUL: then the position at the end is not the length.
rb_slurp() {
    [ "$2" -gt 0 ] && [ "$2" -le 2000 ] || return 1
    rb_s='' rb_x=''
    {
        while IFS= read -r rb_l <&4; do
            rb_s=$rb_s$rb_l$nl
            [ ${#rb_s} -le 2000 ] || return 1
        done
        rb_s=$rb_s$rb_l
        read -r rb_l rb_x </proc/self/fdinfo/4
    } 2>/dev/null 4<"$1"
    [ "$rb_x" = ${#rb_s} ]
}

# rb_text FILE SIZE HEAD TAIL WORDS: a frame with the file's text, whole up to HEAD + TAIL bytes, else its
# first HEAD and its last TAIL bytes. SIZE is a guess. The last word is the whole length.
rb_text() {
    if [ -e "$1.cut" ]; then
        rb_rest "$@"
    elif [ ! -s "$1" ]; then
        rb_say '' "$5 0"
    elif rb_slurp "$1" "$2"; then
        rb_say "$rb_s" "$5 ${#rb_s}"
    else
        rb_x=$(wc -c <"$1")
        rb_x=$((rb_x))
        rb_flush
        if [ $rb_x -le $(($3 + $4)) ]; then
            printf '%s\n' "RB1 $rb_n $rb_tag $rb_x $5 $rb_x"
            head -c $rb_x "$1"
        else
            printf '%s\n' "RB1 $rb_n $rb_tag $(($3 + $4)) $5 $rb_x"
            [ "$3" = 0 ] || head -c "$3" "$1"
            tail -c "$4" "$1"
        fi
    fi
}

# rb_rest, as rb_text: of a file that was cut.
rb_rest() {
    rb_x=$(wc -c <"$1")
    rb_line "$1.cut" || rb_l=0
    rb_flush
    printf '%s\n' "RB1 $rb_n $rb_tag $(($3 + $4)) $5 $((rb_l + rb_x))"
    cat "$1.head"
    cat "$1.tail" "$1" | tail -c "$4"
}

# --- small things ------------------------------------------------------------------------------------

# The time since boot into rb_t. The wall clock may jump; this does not.
rb_clock() {
    read -r rb_t rb_x </proc/uptime
    rb_x=${rb_t#*.} rb_t=${rb_t%.*}
    rb_t=$((rb_t * 100 + ${rb_x#0}))
}

# rb_pause TIME
rb_pause() { sleep $(($1 / 100)).$(($1 / 10 % 10))$(($1 % 10)) 2>/dev/null || sleep $((($1 + 99) / 100)); }

# rb_once FILE TEXT: writes the file if there is none. One builtin and one open(O_EXCL): of all who try, one
# wins. The dot at the end shows that the line is whole.
rb_once() {
    set -C
    { printf '%s .\n' "$2" >"$1"; } 2>/dev/null
    rb_x=$?
    set +C
    return $rb_x
}

# rb_line FILE: its one line, whole, into rb_l; fails when it is missing, empty or torn.
rb_line() {
    rb_l=
    IFS= read -r rb_l 2>/dev/null <"$1" || return 1
    case $rb_l in *' .') rb_l=${rb_l% .} ;; *) return 1 ;; esac
}

# rb_stat LINE: of a /proc/PID/stat into rb_status and rb_ticks (the start). The name in parentheses may
# hold spaces and parentheses.
rb_stat() {
    # shellcheck disable=SC2086
    set -- ${1##*) }
    rb_status=$1 rb_ticks=${20}
}

# rb_alive PID TICKS: whether that process, and not another one under its number, is there.
rb_alive() {
    rb_l=
    IFS= read -r rb_l 2>/dev/null </proc/"$1"/stat || return 1
    rb_stat "$rb_l"
    [ "$rb_ticks" = "$2" ] && case $rb_status in Z | X) false ;; esac
}

# rb_load ATTEMPT: its claim file into rb_claim (the claim), rb_cpid and rb_cticks (the command), rb_cend (the
# end), each empty when the line is missing; rb_torn when a line is not whole.
rb_load() {
    rb_claim='' rb_cpid='' rb_cticks='' rb_cend='' rb_torn='' rb_l=''
    while IFS= read -r rb_l; do
        case $rb_l in
        'start '*' .' | 'abort '*' .') rb_claim=${rb_l% .} ;;
        'pid '*' .')
            # shellcheck disable=SC2086
            set -- $rb_l
            rb_cpid=$2 rb_cticks=$3
            ;;
        'end '*' .')
            rb_cend=${rb_l#end }
            rb_cend=${rb_cend% .}
            ;;
        *) rb_torn=1 ;;
        esac
    done 2>/dev/null <"$rb_d/$1.claim"
    [ -z "$rb_l" ] || rb_torn=1
}

# rb_kill PID: ends a process group; returns when nobody is left in it.
rb_kill() {
    kill -TERM "-$1" 2>/dev/null
    rb_clock
    rb_y=$((rb_t + 1000))
    while kill -0 "-$1" 2>/dev/null; do
        rb_pause 10
        rb_clock
        [ "$rb_t" -lt $rb_y ] || kill -KILL "-$1" 2>/dev/null
        [ "$rb_t" -lt $((rb_y + 500)) ] || return
    done
}

# --- running a script --------------------------------------------------------------------------------

# rb_has sh|bash: whether the shell is here. Asked before a claim: a claim without a command is in doubt.
rb_has() { [ "$1" = sh ] || command -v "$1" >/dev/null; }

# rb_spawn SHELL SCRIPT: runs it in a session of its own, in the foreground: what a shell starts with `&`
# ignores SIGINT and SIGQUIT, and so would everything below it. stdin is 5, stdout 6, stderr 7; its
# number goes to 8. The text goes through a pipe: argv can be read by everybody. The parentheses keep this shell's
# own stderr where it is. Status into rb_rc, what was written into rb_po and rb_pe.
rb_spawn() {
    case $1 in
    bash) rb_x='bash -eu -o pipefail' ;;
    *) rb_x='sh -eu' ;;
    esac
    # shellcheck disable=SC2034 # used in the eval
    rb_script=$rb_head$2
    [ ! -s "$rb_w.err" ] || true >"$rb_w.err"
    eval "($rb_env setsid $rb_x /proc/self/fd/9 <&5 >&6 2>&7 3>&- 4<&- 5<&- 6>&- 7>&- 9<<RB_END)$nl\$rb_script${nl}RB_END$nl"
    rb_rc=$?
    read -r rb_x rb_po </proc/self/fdinfo/6
    read -r rb_x rb_pe </proc/self/fdinfo/7
}

# rb_ended FILE SEQ: how it ended, into rb_end. FILE says why it was stopped, if it was (and if it speaks of
# SEQ, or SEQ is empty). A shell gives 128 + n for a signal and for `exit 128 + n` alike, but only of the
# former does it say something on its stderr.
rb_ended() {
    rb_end="exited $rb_rc"
    if [ "$rb_rc" -gt 128 ] && [ -s "$rb_w.err" ]; then rb_end="signalled $((rb_rc - 128))"; fi
    rb_line "$1" || return
    # shellcheck disable=SC2086
    set -- "$2" $rb_l
    [ "${1:-$3}" = "$3" ] || return
    rb_end=$2
    # Whoever stops it ends the whole group; the end is told when nobody is left.
    rb_clock
    rb_y=$((rb_t + 1600))
    while [ "$4" -gt 0 ] && kill -0 "-$4" 2>/dev/null && [ "$rb_t" -lt $rb_y ]; do
        rb_pause 10
        rb_clock
    done
}

# rb_begin TIMEOUT stop|leave ATTEMPT|- [PID TICKS KEEPER]: tells the watch what is about to run, and starts one if
# there is none.
rb_begin() {
    rb_clock
    rb_seq=$((rb_seq + 1)) rb_y=$1
    shift
    echo "now $rb_seq $((rb_t + rb_y)) $rb_tag $* ." >>"$rb_w.now"
    [ -s "$rb_w.dog" ] && return
    printf 1 >"$rb_w.dog"
    rb_watch </dev/null 2>/dev/null 3>&- 4<"$rb_w.now" 5<&- 6>&- 7>&- 8>&- 9>&- &
}

# Keeps the time-outs of this shell, which waits for its command and can do nothing else. One process for all
# commands, asleep but for a moment a second, gone when nothing ran for three.
rb_watch() {
    rb_idle=0 rb_wseq='' rb_wdue=0 rb_wover=1
    rb_news
    while kill -0 $$; do
        # Nobody would tell the shell how its command ends: whoever waits for that is told by the broken channel.
        [ -z "$rb_wkeeper" ] || kill -0 "$rb_wkeeper" || kill -KILL $$
        rb_before=$rb_wseq
        rb_clock
        rb_nap=100 rb_left=$((rb_wdue - rb_t + 5))
        if [ $rb_left -gt 0 ] && [ $rb_left -lt 100 ]; then rb_nap=$((rb_left + 5)); fi
        rb_pause $rb_nap
        rb_news
        if [ -z "$rb_wover" ]; then
            rb_idle=0
            rb_look_after
        elif [ "$rb_wseq" = "$rb_before" ]; then
            rb_idle=$((rb_idle + 1))
        else
            rb_idle=0
        fi
        if [ $rb_idle -ge 3 ]; then
            # First say that nobody watches, then look once more: whoever began in between is seen here, whoever
            # begins later starts another watch.
            true >"$rb_w.dog"
            rb_before=$rb_wseq
            rb_news
            [ "$rb_wseq" != "$rb_before" ] || exit
            printf 1 >"$rb_w.dog"
            rb_idle=0
        fi
    done
    exit
}

# What was announced is not over; it may not have begun.
rb_look_after() {
    if [ "$rb_watt" != - ]; then
        rb_load "$rb_watt"
        rb_wpid=$rb_cpid rb_wticks=$rb_cticks
    fi
    [ -n "$rb_wpid" ] && rb_alive "$rb_wpid" "$rb_wticks" || return
    if [ "$rb_watt" != - ]; then
        rb_cut "$rb_d/$rb_watt.out"
        rb_cut "$rb_d/$rb_watt.err"
    fi
    rb_clock
    rb_before=$rb_wseq
    [ "$rb_t" -lt "$rb_wdue" ] || rb_news
    # Its number was read before the next command was announced: it belongs to this one.
    if [ "$rb_t" -ge "$rb_wdue" ] && [ "$rb_before$rb_wover" = "$rb_wseq" ]; then rb_expired; fi
}

# rb_cut FILE: keeps a command that never stops talking from filling the disk. Beyond 64 MiB the file is emptied;
# its first 16 KiB, its last MiB and how much there was are kept beside it. The command notices nothing: it appends.
rb_cut() {
    [ -s "$1" ] || return
    rb_y=$(wc -c <"$1")
    [ "$rb_y" -gt 67108864 ] || return
    [ -e "$1.head" ] || head -c 16384 "$1" >"$1.head"
    tail -c 1048576 "$1" >"$1.tail"
    rb_line "$1.cut" || rb_l=0
    rb_y=$(wc -c <"$1")
    echo "$((rb_l + rb_y)) ." >"$1.cut"
    true >"$1"
}

# What the shell, and the commands of questions, have told since the last time.
rb_news() {
    while IFS= read -r rb_l <&4; do
        # shellcheck disable=SC2086
        set -- $rb_l
        case $1.$# in
        now.7) rb_wseq=$2 rb_wdue=$3 rb_wtag=$4 rb_wthen=$5 rb_watt=$6 rb_wpid='' rb_wkeeper='' rb_wover='' ;;
        now.10) rb_wseq=$2 rb_wdue=$3 rb_wtag=$4 rb_wthen=$5 rb_watt=$6 rb_wpid=$7 rb_wticks=$8 rb_wkeeper=$9 rb_wover='' ;;
        pid.4) rb_wpid=$2 rb_wticks=$3 ;;
        over.2) rb_wkeeper='' rb_wover=1 ;;
        esac
    done
}

# The command rb_wpid has had its time.
rb_expired() {
    case $rb_wthen.$rb_watt in
    leave.*)
        # The answer is this process's or the shell's, never both: the .left file decides.
        rb_once "$rb_d/$rb_watt.left" left || exit
        rb_tag=$rb_wtag rb_o=
        rb_say '' left
        rb_say '' 'done'
        rb_flush
        exit
        ;;
    stop.-) echo "timedout $rb_wseq $rb_wpid ." >"$rb_w.why" ;;
    *) rb_once "$rb_d/$rb_watt.why" "timedout $rb_wseq $rb_wpid" ;;
    esac
    rb_kill "$rb_wpid"
}

# --- shells that stand by ----------------------------------------------------------------------------
#
# The start of a shell costs more than most scripts. So behind the first one, while nobody waits, shells are started
# that stand by: one for the next command, which it runs as this very process, so that number, group and status are
# the command's; and one for all questions, each a child of it. They are as rb_spawn's, each the first of a session of
# its own. What a question leaves behind ends with a later one that has no end; a command shares its group with nobody.
#
# Each kind has a keeper, which waits for its shell in the foreground and starts the next one. The orders go through
# the pipes 3 (run) and 9 (ask), which end with this shell and so end the others; what they say comes by 4.

# The text of a shell that stands by: NONCE run|ask PREFIX. An order is its number, a file and a script. The file's
# names end in .out and .err.
# shellcheck disable=SC2016 # for a shell of its own
rb_standby='umask 022
read -r rb_l </proc/self/stat
rb_n=$1 rb_k=$2 rb_o=$3 rb_f=
set -- ${rb_l##*) }
echo "$rb_k up $$ ${20} $PPID"
shift $#
[ $rb_k = run ] || exec 6>>"$rb_o.o" 7>>"$rb_o.e"
rb_nl="
"
while [ -z "$rb_f" ] && IFS= read -r rb_l; do
[ "$rb_l" = "$rb_n $$" ] && IFS= read -r rb_l || continue
[ $rb_k = ask ] || rb_f=$rb_l
rb_s=
while IFS= read -r rb_l && [ "$rb_l" != "$rb_n ." ]; do rb_s=$rb_s$rb_l$rb_nl; done
[ "$rb_l" = "$rb_n ." ] || exit
[ $rb_k = ask ] || break
(set -eu; eval "unset rb_n rb_k rb_o rb_f rb_l rb_s rb_nl; $rb_s") </dev/null >&6 2>&7 6>&- 7>&-
rb_s=$?
read -r rb_l rb_o </proc/self/fdinfo/6
read -r rb_l rb_l </proc/self/fdinfo/7
echo "ask $rb_s $rb_o $rb_l"
done
[ -n "$rb_f" ] || exit
exec </dev/null >>"$rb_f.out" 2>>"$rb_f.err"
set -eu
eval "unset rb_n rb_k rb_o rb_f rb_l rb_s rb_nl; $rb_s"'

# rb_keep run|ask: the keeper, begun as a child of a child of this shell. It ends its parent, for which this shell
# waits in the foreground, and nobody waits for it any more: with `&` it would ignore SIGINT and SIGQUIT for ever.
rb_keep() {
    exec <"$rb_w.$1" >"$rb_w.said" 2>>"$rb_w.err" 3>&- 4<&- 5<&- 6<&- 7<&- 8<&- 9>&-
    read -r rb_l </proc/self/stat
    # shellcheck disable=SC2086
    set -- "$1" ${rb_l##*) }
    kill -KILL "$3"
    while :; do
        setsid sh -c "$rb_standby" sh "$rb_n" "$1" "$rb_w"
        echo "$1 gone $?" || exit
    done
}

# rb_keepers: begins those that the request before has shown to be of use.
rb_keepers() {
    if [ -z "$rb_kept" ]; then
        rb_kept=.
        mkfifo "$rb_w.run" "$rb_w.ask" "$rb_w.said" || rb_kept=none
        [ $rb_kept = none ] || exec 3<>"$rb_w.run" 4<>"$rb_w.said" 9<>"$rb_w.ask"
    fi
    for rb_k in $rb_wants; do
        case $rb_kept in none | *$rb_k*) continue ;; esac
        (
            (rb_keep "$rb_k")
            :
        )
        if [ $? -gt 128 ]; then rb_kept=$rb_kept$rb_k; fi
    done
    rb_wants=
    # With nobody at its other end it is to end, and not to be waited for.
    case $rb_kept in .?*) exec 4<"$rb_w.said" ;; esac
} 2>/dev/null

# rb_fits run|ask SHELL SCRIPT: whether it can be given to a shell that stands by. Long texts are slow to hand over,
# and a question must not take the number of the shell for its own.
rb_fits() {
    [ "$2" = sh ] && [ $((${#3} + ${#rb_env})) -le 3000 ] || return
    # shellcheck disable=SC2016 # as they stand in the script
    [ "$1" = run ] || case $3 in *'$$'* | *'${$'* | *PPID*) return 1 ;; esac
    case $rb_kept in
    none) return 1 ;;
    *"$1"*) ;;
    *)
        rb_wants="$rb_wants $1"
        return 1
        ;;
    esac
}

# rb_hear: what the keepers and their shells say: who stands by (rb_r1, rb_t1 and the keeper rb_h1 for commands, rb_r2
# … for questions), the status of what was ordered (rb_c1, rb_c2), what was written (rb_po, rb_pe).
rb_hear() {
    until read -r rb_k rb_x rb_y rb_l rb_m <&4; do
        [ -n "$rb_struck" ] || rb_leave
        rb_struck=
    done
    case $rb_k.$rb_x in
    run.up) rb_r1=$rb_y rb_t1=$rb_l rb_h1=$rb_m ;;
    ask.up) rb_r2=$rb_y rb_t2=$rb_l rb_h2=$rb_m ;;
    run.gone) rb_r1='' rb_c1=$rb_y ;;
    ask.gone)
        # Ended by somebody: the question that it asked goes with it.
        [ -z "$rb_r2" ] || kill -KILL "-$rb_r2" 2>/dev/null
        rb_r2='' rb_c2=$rb_y
        ;;
    *) rb_c2=$rb_x rb_po=$rb_y rb_pe=$rb_l ;;
    esac
}

# rb_ready_to run|ask: waits until one stands by; fails when there will be none.
rb_ready_to() {
    while :; do
        case $1 in
        run) rb_x=$rb_r1 rb_y=$rb_h1 ;;
        *) rb_x=$rb_r2 rb_y=$rb_h2 ;;
        esac
        [ -z "$rb_x" ] || ! kill -0 "$rb_x" 2>/dev/null || return 0
        # Of the first of a keeper the keeper's number comes with it.
        [ -z "$rb_y" ] || kill -0 "$rb_y" 2>/dev/null || {
            rb_kept=none
            return 1
        }
        rb_hear
    done
}

# rb_order PID FILE SCRIPT: the order, for 3 or 9.
rb_order() {
    [ ! -s "$rb_w.err" ] || true >"$rb_w.err"
    printf '%s\n' "$rb_n $1" "$2" "${rb_env:+export $rb_env; }$3" "$rb_n ."
}

# --- questions ---------------------------------------------------------------------------------------

# rb_p PHASE: ends the phase before, whose answers together decide how it goes on, and begins the next.
rb_p() {
    case $rb_phase.$rb_sum in
    unless.yes | check.yes | require.no | require.none) rb_fate=skip ;;
    unless.none | check.none) rb_fate=doubt ;;
    esac
    rb_phase=$1 rb_sum=
}

# rb_q SHELL NEGATED WITHIN EVERY HOLD TIMEOUT NO_EXITS MATCHES SCRIPT PATTERN…: asks until yes or until
# WITHIN is over, and answers. The first MATCHES patterns must be found, the others must not.
rb_q() {
    case $rb_phase.$rb_fate in
    ask.go | unless.go | check.go | require.go | require.doubt | after.over) ;;
    *) return ;;
    esac
    rb_is_ready || return
    rb_clock
    rb_until=$((rb_t + $3))
    [ "$rb_patient" = 1 ] || rb_until=0
    while :; do
        rb_ask "$@"
        if [ "$5" -gt 0 ] && [ "$rb_patient.$rb_v" = 1.yes ]; then
            rb_pause "$5"
            rb_ask "$@"
        fi
        [ $rb_v != yes ] || break
        rb_clock
        rb_left=$((rb_until - rb_t))
        [ $rb_left -gt 0 ] || break
        [ $rb_left -lt "$4" ] || rb_left=$4
        rb_pause "$rb_left"
    done
    case $rb_sum.$rb_v in
    none.* | *.none) rb_sum=none ;;
    no.* | *.no) rb_sum=no ;;
    *) rb_sum=yes ;;
    esac
    rb_text "$rb_w.o" "$rb_po" 0 4096 "answer $rb_phase $rb_v $rb_why $rb_end"
    rb_text "$rb_w.e" "$rb_pe" 0 4096 errors
}

# rb_ask, as rb_q: once. The verdict into rb_v, the reason into rb_why.
rb_ask() {
    rb_rc='' rb_v=none rb_why=local rb_end='exited -1' rb_po=0 rb_pe=0
    [ ! -s "$rb_w.o" ] || true >"$rb_w.o"
    [ ! -s "$rb_w.e" ] || true >"$rb_w.e"
    rb_has "$1" || return
    if rb_fits ask "$1" "$9" && rb_ready_to ask; then
        rb_begin "$6" stop - "$rb_r2" "$rb_t2" "$rb_h2"
        rb_c2=
        rb_order "$rb_r2" - "$9" >&9
        until [ -n "$rb_c2" ]; do rb_hear; done
        rb_rc=$rb_c2
    else
        rb_begin "$6" stop -
        { rb_spawn "$1" "$9"; } 5</dev/null 6>>"$rb_w.o" 7>>"$rb_w.e" 8>>"$rb_w.now"
    fi
    echo 'over .' >>"$rb_w.now"
    [ -n "$rb_rc" ] || return
    rb_ended "$rb_w.why" $rb_seq
    case $rb_end in
    'exited 0')
        rb_v=yes rb_why=-
        rb_judge "$8" "$@"
        ;;
    exited*)
        case " $7 " in
        *" $rb_rc "*) rb_v=no rb_why=- ;;
        *) rb_why='exit' ;;
        esac
        ;;
    timedout) rb_why=timeout ;;
    *) rb_why=signal ;;
    esac
    case $2.$rb_v in
    1.yes) rb_v=no ;;
    1.no) rb_v=yes ;;
    esac
}

# rb_judge MATCHES and the arguments of rb_q: looks for the patterns in the output.
rb_judge() {
    rb_m=$1 rb_k=0
    shift 10
    for rb_x; do
        rb_k=$((rb_k + 1))
        grep -E -q -e "$rb_x" -- "$rb_w.o" 2>/dev/null
        case $?.$((rb_k <= rb_m)) in
        0.1 | 1.0) ;;
        1.1) rb_v=no rb_why=match:$rb_k && return ;;
        0.0) rb_v=no rb_why=none:$((rb_k - rb_m)) && return ;;
        *) rb_v=none rb_why=pattern:$rb_k && return ;;
        esac
    done
}

# --- attempts ----------------------------------------------------------------------------------------

# rb_attempt ATTEMPT SHELL TIMEOUT stop|leave OK_EXITS none|text|LENGTH SCRIPT [TEXT]: claims and runs, if the
# questions before allow it.
rb_attempt() {
    rb_p run
    rb_a=$rb_d/$1 rb_in=/dev/null rb_won=''
    [ "$rb_fate" = go ] || {
        rb_unread "$6"
        rb_say '' skipped
        return
    }
    rb_fate=refused
    rb_is_ready || return
    if rb_is_fenced; then
        rb_unread "$6"
        return
    fi
    rb_has "$2" || {
        rb_unread "$6"
        rb_fail "the shell $2 is missing"
        return
    }
    [ "$6" = none ] || rb_input "$6" "$8" || return
    if [ "$6" = none ] && rb_fits run "$2" "$7" && rb_ready_to run; then
        rb_hand_over "$@"
    else
        rb_run_here "$@"
    fi
    case $rb_won in
    '') rb_fail "cannot write in $rb_d" ;;
    no)
        rb_state "$1"
        rb_tell_state "$1"
        ;;
    late) rb_is_fenced ;;
    *) rb_record "$1" "$4" "$5" ;;
    esac
}

# rb_hand_over, as rb_attempt: claims for the shell that stands by, and has it run the command.
rb_hand_over() {
    { true >>"$rb_a.out" && true >>"$rb_a.err"; } 2>/dev/null || return
    rb_won=no
    rb_once "$rb_a.claim" "start $rb_n $rb_boot $$ $rb_self .${nl}pid $rb_r1 $rb_t1" || return
    rb_may_start "$1" "$4" 8>>"$rb_a.claim" || return
    rb_begin "$3" "$4" "$1" "$rb_r1" "$rb_t1" "$rb_h1"
    rb_c1='' rb_po=''
    rb_order "$rb_r1" "$rb_a" "$7" >&3
    until [ -n "$rb_c1" ]; do rb_hear; done
    rb_rc=$rb_c1
}

# rb_run_here, as rb_attempt: claims and runs it with a shell of its own.
rb_run_here() {
    # shellcheck disable=SC2094 # removed while it is open, on purpose
    {
        # What is open is read although it has no name any more, and nothing of it is left behind.
        [ "$rb_in" = /dev/null ] || rm -f "$rb_in"
        rb_won=no
        rb_once "$rb_a.claim" "start $rb_n $rb_boot $$ $rb_self" && {
            rb_may_start "$1" "$4" && {
                rb_begin "$3" "$4" "$1"
                rb_spawn "$2" "$7"
            }
        } 8>>"$rb_a.claim"
    } 5<"$rb_in" 6>>"$rb_a.out" 7>>"$rb_a.err"
}

# rb_may_start ATTEMPT stop|leave: whether the claim, which is 8, was in time. Whoever takes the host over looks for
# claims behind his fence, and this looks for the fence behind its claim: one of the two sees the other.
rb_may_start() {
    rb_won=yes
    if [ -e "$rb_d/taken" ]; then
        rb_won=late
        echo 'end stopped .' >&8
        return 1
    fi
    # What was said so far goes out now: the watch may have to say the rest.
    [ "$2" = stop ] || rb_flush
}

# rb_unread none|text|LENGTH: takes away the input of a command that is not run.
rb_unread() {
    case $1 in
    none | text) ;;
    *) rm -f "$rb_a.$rb_n.in" ;;
    esac
}

# rb_input text|LENGTH TEXT: what the command reads. Longer input lies here already; it must be all of it.
rb_input() {
    rb_in=$rb_a.$rb_n.in
    if [ "$1" = text ]; then
        printf %s "$2" >"$rb_in" || {
            rb_fail "cannot write in $rb_d"
            return 1
        }
    else
        rb_x=$(wc -c <"$rb_in")
        [ $((rb_x)) = "$1" ] || {
            rb_fail "the input of the command arrived short: $((rb_x)) of $1 bytes"
            return 1
        }
    fi
}

# rb_record ATTEMPT stop|leave OK_EXITS: writes how it ended, before anything else, and tells it.
rb_record() {
    echo 'over .' >>"$rb_w.now"
    rb_ended "$rb_a.why" ''
    echo "end $rb_end ." >>"$rb_a.claim" || rb_last=1
    if [ "$2" = leave ]; then
        # Answered long ago: this shell was only kept to write the line above.
        rb_once "$rb_a.left" ended || rb_leave
    fi
    rb_fate=over rb_patient=0
    case " $3 " in *" ${rb_end#exited } "*) rb_patient=1 ;; esac
    rb_tell_end
}

# The end of the attempt rb_a, how: rb_end.
rb_tell_end() {
    rb_say '' "ended $rb_end"
    if [ -z "$rb_po" ]; then
        rb_po=0 rb_pe=0
        [ ! -s "$rb_a.out" ] || rb_po=$(wc -c <"$rb_a.out")
        [ ! -s "$rb_a.err" ] || rb_pe=$(wc -c <"$rb_a.err")
    fi
    rb_text "$rb_a.out" "$rb_po" 16384 49152 out
    rb_text "$rb_a.err" "$rb_pe" 16384 49152 err
}

# rb_state ATTEMPT: what its files say, into rb_st; of an ended one how, into rb_end.
rb_state() {
    rb_a=$rb_d/$1 rb_tries=0 rb_st=unclaimed
    while [ -e "$rb_a.claim" ]; do
        rb_load "$1"
        rb_claimed "$1"
        # A line that is just being written is whole the next moment.
        [ $rb_st = torn ] && [ $rb_tries -lt 3 ] || return
        rb_tries=$((rb_tries + 1))
        rb_pause 20
    done
}

# rb_claimed ATTEMPT: the state behind the claim that was loaded.
rb_claimed() {
    rb_y=$1
    # shellcheck disable=SC2086
    set -- $rb_claim
    case $1.$# in
    abort.3) rb_st=fenced ;;
    start.5)
        rb_st=ended
        if [ -z "$rb_cend" ]; then
            if [ "$3" != "$rb_boot" ]; then
                rb_st=rebooted
            elif rb_alive "${rb_cpid:-0}" "$rb_cticks" || rb_alive "$4" "$5"; then
                rb_st=running rb_torn=
            else
                # It may have ended between the two looks.
                rb_load "$rb_y"
                [ -n "$rb_cend" ] || rb_st=vanished
            fi
            [ -n "$rb_cend" ] || [ -z "$rb_torn" ] || rb_st=torn
        fi
        rb_end=$rb_cend
        ;;
    *) rb_st=torn ;;
    esac
}

# rb_tell_state ATTEMPT
rb_tell_state() {
    rb_say '' "state $rb_st"
    if [ "$rb_st" = ended ]; then
        rb_po=
        rb_tell_end
    fi
}

rb_lookup() {
    rb_is_ready || return
    rb_state "$1"
    rb_tell_state "$1"
}

# Waits for the end as long as it takes; the phase `after` comes next.
rb_follow() {
    rb_fate=refused rb_nap=10
    rb_is_ready || return
    rb_state "$1"
    while [ $rb_st = running ]; do
        rb_pause $rb_nap
        [ $rb_nap -ge 100 ] || rb_nap=$((rb_nap + 10))
        rb_state "$1"
    done
    if [ $rb_st = ended ]; then
        rb_fate=over rb_patient=0
        case $rb_end in exited*) rb_patient=1 ;; esac
        rb_po=
        rb_tell_end
    else
        rb_tell_state "$1"
    fi
}

rb_fence() {
    rb_is_ready || return
    if rb_once "$rb_d/$1.claim" "abort $rb_n $rb_boot"; then
        rb_st=fenced
        # Its input may have come before the link was lost.
        set +f
        for rb_x in "$rb_d/$1".*.in; do [ ! -e "$rb_x" ] || rm -f "$rb_x"; done
        set -f
    else
        rb_state "$1"
    fi
    rb_tell_state "$1"
}

rb_stop() {
    rb_is_ready || return
    rb_state "$1"
    [ $rb_st = running ] || return
    rb_tries=0
    # Claimed, but the command has not said its number yet.
    while [ $rb_st = running ] && [ -z "$rb_cpid" ] && [ $rb_tries -lt 50 ]; do
        rb_pause 10
        rb_tries=$((rb_tries + 1))
        rb_state "$1"
    done
    rb_once "$rb_a.why" "stopped 0 ${rb_cpid:-0}"
    if [ -n "$rb_cpid" ] && rb_alive "$rb_cpid" "$rb_cticks"; then rb_kill "$rb_cpid"; fi
    rb_tries=0
    rb_state "$1"
    while [ $rb_st = running ] && [ $rb_tries -lt 100 ]; do
        rb_pause 20
        rb_tries=$((rb_tries + 1))
        rb_state "$1"
    done
    # Whoever was to write the end is gone, and so is the command: it was ended here.
    if [ $rb_st = vanished ]; then echo "end stopped ." >>"$rb_a.claim"; fi
    [ $rb_st != running ] || rb_fail "the command does not end, not even by SIGKILL"
}

# What a command wrote is no longer needed. Emptied, not removed: that takes no process.
rb_forget() {
    rb_load "$1"
    [ -n "$rb_cend" ] || return
    for rb_x in out err out.head out.tail err.head err.tail; do
        [ ! -s "$rb_d/$1.$rb_x" ] || true >"$rb_d/$1.$rb_x"
    done
}

# --- the host ----------------------------------------------------------------------------------------

# rb_read PATH LIMIT
rb_read() {
    rb_is_ready || return
    rb_y=$(stat -L -c '%a %u:%g %F' -- "$1" 2>&1) || {
        case $rb_y in
        *'No such file or directory'* | *'Not a directory'*) rb_say '' absent ;;
        *) rb_fail "$rb_y" ;;
        esac
        return
    }
    case $rb_y in
    *' regular file' | *' regular empty file') ;;
    *)
        rb_fail "$1 is not a file"
        return
        ;;
    esac
    # A copy, so that the length that is told is the length that is sent, also of a file in motion.
    rb_x=$(head -c $(($2 + 1)) -- "$1" 2>&1 >"$rb_w.buf") || {
        rb_fail "$rb_x"
        return
    }
    rb_x=$(wc -c <"$rb_w.buf")
    rb_x=$((rb_x))
    if [ $rb_x -gt "$2" ]; then
        rb_fail "$1 is longer than $2 bytes"
    else
        rb_say "$(readlink -f -- "$1")" path
        rb_flush
        printf '%s\n' "RB1 $rb_n $rb_tag $rb_x file ${rb_y%% regular*}"
        cat "$rb_w.buf"
    fi
    true >"$rb_w.buf"
}

# rb_lock WHO SINCE RUNBOOK
rb_lock() {
    rb_is_ready || return
    if rb_is_fenced; then return; fi
    rb_once "$rb_b/lock" "$rb_run$nl$1$nl$2$nl$3$nl" && {
        rb_say '' taken
        return
    }
    rb_tries=0
    until rb_read_holder "$rb_b/lock"; do
        rb_tries=$((rb_tries + 1))
        [ $rb_tries -lt 3 ] || {
            rb_say '' held
            return
        }
        rb_pause 20
    done
    if [ "$rb_l1" = "$rb_run" ]; then
        rb_say '' taken
    else
        rb_say "$rb_l1$nl$rb_l2$nl$rb_l3$nl$rb_l4" held
    fi
}

# Who holds this host, or took it over, into rb_l1 … rb_l4; fails when the file is not whole.
rb_read_holder() {
    rb_l1='' rb_l2='' rb_l3='' rb_l4='' rb_x=''
    {
        IFS= read -r rb_l1 && IFS= read -r rb_l2 && IFS= read -r rb_l3 && IFS= read -r rb_l4 && IFS= read -r rb_x
    } 2>/dev/null <"$1"
    [ "$rb_x" = ' .' ]
}

# Whether a person took the host from this run; says who. Also of a torn file: somebody did.
rb_is_fenced() {
    [ -e "$rb_d/taken" ] || return
    rb_read_holder "$rb_d/taken" || rb_l1=
    rb_say "$rb_l1$nl$rb_l2$nl$rb_l3$nl$rb_l4" fenced
}

# rb_take RUN WHO SINCE RUNBOOK: takes the host from RUN, of no name for a torn lock; also where nobody has it any
# more. What RUN's person said of this run before is taken back.
rb_take() {
    rb_is_ready || return
    rb_read_holder "$rb_b/lock" || rb_l1=
    if [ -e "$rb_b/lock" ] && [ "$rb_l1" != "$rb_run" ]; then
        [ "$rb_l1" = "$1" ] || {
            rb_say "$rb_l1$nl$rb_l2$nl$rb_l3$nl$rb_l4" held
            return
        }
        [ -z "$1" ] || [ ! -d "$rb_b/$1" ] || rb_fence_run "$@" || return
        rb_unlock "$1"
    fi
    rm -f "$rb_d/taken"
    rb_lock "$2" "$3" "$4"
}

# rb_fence_run, as rb_take: behind the fence RUN can start nothing. Then what it has started is looked for; while
# that runs, RUN keeps the host.
rb_fence_run() {
    rb_once "$rb_b/$1/taken" "$rb_run$nl$2$nl$3$nl$4$nl" || [ -e "$rb_b/$1/taken" ] || {
        rb_fail "cannot write in $rb_b/$1"
        return 1
    }
    # What a run does as other users lies in their folders, where this fence is not seen. The mark is made before the
    # fence is looked for, and the fence before the marks: one of the two sees the other.
    set +f
    for rb_x in "$rb_b/$1"/as-*; do
        set -f
        [ ! -e "$rb_x" ] || {
            rb_fail "that run acts here as ${rb_x##*/as-}, too, and what it does as another user cannot be fenced: end it where it was begun (runbook abandon), or stop it and take its folder $rb_b/$1 away by hand"
            return 1
        }
    done
    set -f
    rb_own=$rb_d rb_d=$rb_b/$1
    rb_running
    rb_d=$rb_own
    [ -z "$rb_names" ] || {
        rb_say "$rb_names" busy
        return 1
    }
}

# The attempts below rb_d whose command runs, into rb_names, a blank before each.
rb_running() {
    rb_names=
    set +f
    set -- "$rb_d"/*.claim
    set -f
    for rb_each; do
        rb_each=${rb_each##*/}
        rb_state "${rb_each%.claim}"
        [ $rb_st != running ] || rb_names="$rb_names ${rb_each%.claim}"
    done
}

# rb_unlock RUN: gives the host free if RUN holds it; of no name is the run that holds a torn lock.
rb_unlock() {
    rb_is_ready || return
    rb_read_holder "$rb_b/lock" || rb_l1=
    if [ "$rb_l1" = "$1" ]; then rm -f "$rb_b/lock"; fi
}

# Removes the run's folder, and its lock with it. Not while one of its commands runs.
rb_clean() {
    rb_is_ready || return
    rb_running
    [ -z "$rb_names" ] || {
        rb_fail "still running:$rb_names"
        return
    }
    rb_unlock "$rb_run"
    rb_x=$(rm -rf "$rb_d" 2>&1) || rb_fail "$rb_x"
    rb_last=1
}

# rb_greet 0|1 [WHO SINCE RUNBOOK]: who this is; makes the run's folder if it is a new run. Takes the lock, too, if
# it is told what to write there and the folder is ours.
rb_greet() {
    for rb_x in setsid grep head tail wc sleep mkdir rm stat readlink cat; do
        command -v $rb_x >/dev/null || {
            rb_fail "the program $rb_x is missing"
            return
        }
    done
    rb_folder "$1" || return
    rb_y=
    read -r rb_y 2>/dev/null </etc/machine-id || read -r rb_y 2>/dev/null </var/lib/dbus/machine-id
    read -r rb_l </proc/sys/kernel/hostname
    rb_say "${rb_boot%/*}$nl${rb_boot#*/}$nl$rb_wall$nl$rb_uid$nl$rb_name$nl$rb_l$nl$rb_y$nl$rb_found$nl$rb_d" facts
    if [ $# -gt 1 ] && [ -n "$rb_ready" ]; then rb_lock "$2" "$3" "$4"; fi
}

# rb_look FOLDER…: with one process the modes of up to two folders into rb_mode1 and rb_mode2, the name of this user into
# rb_name, and the wall clock into rb_wall: /proc has the files of a process from when they were first looked at.
rb_look() {
    rb_x=$(stat -c '%a %Y %U' -- "$@" /proc/self/stat 2>/dev/null)
    rb_mode1=${rb_x%% *} rb_y=${rb_x#*"$nl"}
    rb_mode2=${rb_y%% *} rb_y=${rb_x##*"$nl"}
    rb_y=${rb_y#* }
    rb_wall=${rb_y%% *} rb_name=${rb_y#* }
    [ "$rb_name" != UNKNOWN ] || rb_name=$rb_uid
}

# rb_folder 0|1: looks at the run's folder, and makes it; the finding into rb_found. Somebody else's folder,
# or a link, must not be written to, however it came there.
rb_folder() {
    rb_ready='' rb_greeted=1 rb_found=foreign rb_made=''
    if [ ! -d "$rb_b" ]; then
        [ "$1" = 1 ] || {
            rb_found=missing
            rb_look
            return
        }
        case $rb_b in "$HOME"/*) mkdir -p "${rb_b%/*}" 2>/dev/null ;; esac
        rb_x=$(mkdir "$rb_b" 2>&1) || [ -d "$rb_b" ] || {
            rb_fail "$rb_x"
            return 1
        }
    fi
    if [ "$1" = 1 ] && rb_own "$rb_b" && [ ! -e "$rb_d" ] && [ ! -L "$rb_d" ]; then
        # Without -p: of a folder that is there already it says so.
        if rb_x=$(mkdir "$rb_d" 2>&1); then
            rb_made=1
        else
            # Two names of one machine are greeted at the same moment: the other one has just made it.
            rb_wait_for_marker || {
                rb_fail "$rb_x"
                return 1
            }
        fi
    fi
    rb_look "$rb_b" "$rb_d"
    rb_x=
    case $rb_mode1 in *[0145][0145]) ! rb_own "$rb_b" || rb_x=1 ;; esac
    if [ -z "$rb_x" ]; then
        [ -z "$rb_made" ] || rmdir "$rb_d"
        return
    fi
    if [ ! -e "$rb_d" ] && [ ! -L "$rb_d" ]; then
        rb_found=missing
        return
    fi
    rb_own "$rb_d" && [ "$rb_mode2" = 700 ] || return 0
    if rb_line "$rb_d/marker"; then
        [ "$rb_l" = "runbook 1 $rb_run" ] || return 0
        rb_found=ours
    elif [ "$1" = 1 ]; then
        printf '%s\n' "runbook 1 $rb_run ." >"$rb_d/marker" || {
            rb_fail "cannot write in $rb_d"
            return 1
        }
        rb_found=made
    else
        rb_found=missing
        return
    fi
    rb_open
}

# Whether the run's folder gets its marker within a second.
rb_wait_for_marker() {
    for rb_y in 1 2 3 4 5 6 7 8 9 10; do
        rb_line "$rb_d/marker" && return
        rb_pause 10
    done
    return 1
}

# rb_own FOLDER
rb_own() { [ ! -L "$1" ] && [ -d "$1" ] && [ -O "$1" ]; }

rb_is_ready() {
    [ -n "$rb_ready$rb_greeted" ] || rb_open
    [ -n "$rb_ready" ] || {
        rb_fail "$rb_d is not there or not this run's"
        return 1
    }
}

# Opens the run's folder if it is ours. What the shell says of its children goes to a file: rb_ended reads it.
rb_open() {
    [ ! -L "$rb_d" ] && [ -O "$rb_d" ] && rb_line "$rb_d/marker" && [ "$rb_l" = "runbook 1 $rb_run" ] || return
    [ -n "$rb_opened" ] || { true >"$rb_w.err" && true >"$rb_w.now"; } 2>/dev/null || return
    [ -n "$rb_opened" ] || exec 2>>"$rb_w.err"
    rb_ready=1 rb_opened=1
}

# --- start -------------------------------------------------------------------------------------------

rb_leave() {
    rm -f "$rb_w".o "$rb_w".e "$rb_w".now "$rb_w".dog "$rb_w".why "$rb_w".err "$rb_w".buf \
        "$rb_w".run "$rb_w".ask "$rb_w".said 2>/dev/null
    exit
}

# The login's own folders stay in front: an administrator put them there. A relative one does not.
rb_path() {
    rb_x=$PATH: rb_std=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin rb_y=
    while [ -n "$rb_x" ]; do
        rb_l=${rb_x%%:*} rb_x=${rb_x#*:}
        case :$rb_std:$rb_y in *":$rb_l:"*) continue ;; esac
        case $rb_l in /*) rb_y=$rb_y$rb_l: ;; esac
    done
    export PATH="$rb_y$rb_std"
}

# The start of a request: everything that a request before it has left is put back.
rb() { rb_tag=$1 rb_env='' rb_fate=go rb_phase='' rb_sum='' rb_patient=1; }

# The end of a request.
rb_z() {
    rb_say '' 'done'
    rb_flush
    [ -z "$rb_last" ] || rb_leave
    [ -z "$rb_wants" ] || rb_keepers
}

rb_path
read -r rb_boot </proc/sys/kernel/random/boot_id
rb_ticks=
{ read -r rb_l </proc/1/stat && rb_stat "$rb_l"; } 2>/dev/null
# In a container the boot id is its host's: only the start of its first process tells one boot from the next.
rb_boot=$rb_boot/$rb_ticks
read -r rb_l </proc/self/stat
rb_stat "$rb_l"
rb_self=$rb_ticks rb_uid=
while read -r rb_l rb_x rb_uid rb_y; do [ "$rb_l" != Uid: ] || break; done </proc/self/status
if [ -n "$3" ]; then
    rb_b=$3
elif [ -n "$RUNBOOK_DIR" ]; then
    # Set by the host's administrator, for instance by SetEnv of sshd_config.
    rb_b=$RUNBOOK_DIR
elif [ "$rb_uid" = 0 ]; then
    rb_b=/var/lib/runbook
else
    rb_b=$HOME/.local/state/runbook
fi
rb_d=$rb_b/$rb_run rb_w=$rb_b/$rb_run/.$rb_n rb_ready='' rb_opened='' rb_greeted=''
# Commands keep here what must not be lost, such as a file as it was before it was replaced.
export RUNBOOK_FOLDER="$rb_d"

# A line that was cut short has no newline, or does not end with this session's word: it is not a request.
while IFS= read -r rb_line; do
    case $rb_line in
    "rb "*" # $rb_n") eval "$rb_line" ;;
    *)
        rb_tag=0
        rb_say '' foreign
        rb_flush
        ;;
    esac
done
[ -z "$rb_opened" ] || rb_leave
