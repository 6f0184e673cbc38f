import RunbookDigest
import RunbookModel
import RunbookSupervisor
import RunbookText

/// The shell text that puts a file in place on the host, whole or not at all.
///
/// The new content comes on stdin. The file must still be what was read (by SHA-256), else nothing is done and
/// the status is 75. The old file is kept in the run's folder. A link is followed, so that the file it names
/// is replaced and the link stays. The temporary file lies beside the file (rename(2) works only inside a
/// file system), is made anew (O_EXCL, so that nobody can put a link there) and is born with its final mode,
/// since some file systems (pmxcfs) refuse every chmod. It is removed when the script ends early, also by TERM.
/// Needs sha256sum, readlink -f and stat of coreutils, which Debian 7 has.
struct PutScript: Equatable {
    let script: String

    init(_ file: FileChange, backup: String) {
        let expected = file.old.map { sha256($0.bytes).hex } ?? "none"
        let mode = file.mode ?? file.old?.mode ?? 0o644
        // umask takes away from 666; an executable file gets its x by chmod.
        let mask = String(~mode & 0o777, radix: 8)
        let owner = file.owner ?? file.old?.owner ?? ""
        var lines = [
            "path=\(shellQuoted(file.path)) expected=\(expected) mode=\(String(mode, radix: 8)) owner=\(shellQuoted(owner))",
            "wanted=\(sha256(file.new).hex) backup=\"$RUNBOOK_FOLDER\"/\(shellQuoted(backup))",
        ]
        lines.append(Self.body.replacing("@MASK@", with: mask))
        if let validate = file.validate {
            lines.append(Self.validation(validate.replacing("%s", with: "\"$new\"")))
        }
        lines.append(Self.place)
        script = lines.joined(separator: "\n")
    }

    private static let body = """
        target=$(readlink -f -- "$path") || target=$path
        if [ -e "$target" ]; then
            now=$(sha256sum < "$target"); now=${now%% *}
        else
            now=none
        fi
        if [ "$now" != "$expected" ]; then
            echo "$path has changed since it was read: nothing was written" >&2
            exit 75
        fi
        new=${target%/*}/.${target##*/}.runbook-new
        rm -f -- "$new"
        umask @MASK@
        trap 'rm -f -- "$new"' EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        (set -C && cat > "$new")
        got=$(sha256sum < "$new")
        [ "${got%% *}" = "$wanted" ] || { echo "the new $path did not arrive whole" >&2; exit 76; }
        """

    /// Ends the script when the command does not accept the new file.
    static func validation(_ command: String) -> String {
        validate.replacing("@COMMAND@", with: command)
    }

    // In a subshell of its own and without `||` behind it: `set -e` then ends it at every command that fails, and
    // the status of a list such as `a && b` is seen as well.
    private static let validate = """
        set +e
        (
        set -e
        @COMMAND@
        ) >&2
        status=$?
        set -e
        if [ "$status" != 0 ]; then
            echo "the new $path was not accepted: nothing was written" >&2
            exit "$status"
        fi
        """

    private static let place = """
        [ "$(stat -c %a -- "$new")" = "$mode" ] || chmod "$mode" "$new"
        if [ -n "$owner" ] && [ "$(stat -c %u:%g -- "$new")" != "$owner" ]; then chown "$owner" "$new"; fi
        # What a run found at its first writing is what undo goes back to, however often it writes.
        umask 077
        if [ ! -e "$backup" ] && [ ! -e "$backup.none" ]; then
            if [ "$now" = none ]; then : > "$backup.none"; else cat "$target" > "$backup"; fi
        fi
        printf '%s\n' "$wanted" > "$backup.wrote"
        mv -f -- "$new" "$target"
        """
}
