import RunbookText

/// What stands on a host under the names of a tree, as a script finds it out that changes nothing.
struct HostTree: Equatable {
    struct Entry: Equatable {
        enum Kind: Equatable { case folder, file, link, other }
        var kind: Kind
        /// The permission bits.
        var mode: UInt32
        /// `user:group` by number and by name.
        var owner: String
        var ownerByName: String
        /// SHA-256 of a file, in hex; nil when it could not be read.
        var digest: String?
        /// Where a link leads.
        var target: String?
    }

    /// The folder that the names are below, its links resolved.
    var root: String
    /// What a lone file is called in its folder, its links resolved.
    var name: String?
    /// By name as the script has it: `.` for the folder itself, `./a/b`.
    var entries: [String: Entry] = [:]

    /// Reads what the script wrote.
    init(_ bytes: [UInt8]) throws(EngineProblem) {
        root = ""
        var isWhole = false
        var linkName: String?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            if let name = linkName {
                entries[name]?.target = String(line.dropFirst())
                linkName = nil
                continue
            }
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            let rest = words.count > 1 ? words[1] : ""
            switch words[0] {
            case "missing":
                throw EngineProblem(
                    "the program \(visible(rest)) is missing, without which nothing is copied")
            case "other": throw EngineProblem("\(visible(rest)) is not a folder")
            case "root": root = rest
            case "name": name = rest
            case "stat": readStat(rest)
            case "sum":
                let parts = rest.split(separator: " ", maxSplits: 1).map(String.init)
                if parts.count == 2 { entries[String(parts[1].dropFirst())]?.digest = parts[0] }
            case "link": linkName = rest
            case "end": isWhole = true
            default: break
            }
        }
        guard isWhole, !root.isEmpty else { throw EngineProblem("the host did not tell what it has") }
    }

    /// `81a4 0:0 root:root ./a/b`
    private mutating func readStat(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 3).map(String.init)
        guard parts.count == 4, let mode = UInt32(parts[0], radix: 16) else { return }
        let kind: Entry.Kind =
            switch mode >> 12 {
            case 0o04: .folder
            case 0o10: .file
            case 0o12: .link
            default: .other
            }
        entries[parts[3]] = Entry(kind: kind, mode: mode & 0o7777, owner: parts[1], ownerByName: parts[2])
    }
}

extension HostTree {
    /// The script that looks at what a tree is to be put over. Needs what Debian 7's coreutils and findutils have,
    /// which busybox has as well.
    static func script(_ tree: LocalTree, at path: String) -> String {
        var lines = ["path=\(shellQuoted(path))", start]
        if tree.isFolder {
            lines += [folder, "cat >\"$work/names\" <<'RB_NAMES'", "."]
            lines += tree.entries.map { "./\($0.name)" } + ["RB_NAMES"]
        } else {
            lines.append(file)
        }
        lines.append(look)
        return lines.joined(separator: "\n")
    }

    private static let start = """
        for tool in stat sha256sum dd xargs tr sed readlink mkdir mv ln chmod chown; do
            command -v "$tool" >/dev/null || { echo "missing $tool"; exit; }
        done
        umask 077
        work=$RUNBOOK_FOLDER/.survey.$$
        trap 'rm -rf -- "$work"' EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        mkdir -- "$work"
        target=$(readlink -f -- "$path") || target=$path
        """

    private static let folder = """
        printf 'root %s\\n' "$target"
        if [ ! -e "$target" ]; then echo end; exit; fi
        [ -d "$target" ] || { printf 'other %s\\n' "$target"; exit; }
        cd -- "$target"
        """

    private static let file = """
        root=${target%/*}
        printf 'root %s\\nname %s\\n' "${root:-/}" "${target##*/}"
        cd -- "${root:-/}"
        printf './%s\\n' "${target##*/}" >"$work/names"
        """

    private static let look = """
        : >"$work/found"
        tr '\\n' '\\0' <"$work/names" | xargs -0 stat -c '%f %u:%g %U:%G %n' >"$work/found" 2>/dev/null || :
        sed 's/^/stat /' "$work/found"
        : >"$work/files"
        while read -r mode owner named name; do
            case $mode in
            8*) printf '%s\\n' "$name" >>"$work/files" ;;
            a*) printf 'link %s\\n>%s\\n' "$name" "$(readlink -- "$name")" ;;
            esac
        done <"$work/found"
        if [ -s "$work/files" ]; then
            tr '\\n' '\\0' <"$work/files" | xargs -0 sha256sum 2>/dev/null | sed 's/^/sum /'
        fi
        echo end
        """
}
