import RunbookDigest
import RunbookModel
import RunbookSupervisor
import RunbookText

/// The shell text that puts a tree in place on the host, and what must lie there before it begins.
///
/// What is staged is three lists and then the files' contents one behind the other: the digests of the new files,
/// those of the files that they take the place of, and what is to be done in order. All new files are written
/// beside the old ones and compared with their digests before the first is put in place; then each takes its place
/// at once. Killed in the middle, each file is the old one or the new one, and the next attempt does what is left.
/// What was there is kept in the run's folder for undo.
struct TreeScript {
    let script: String
    let staged: Staged

    /// - Parameters:
    ///   - backup: the start of the name of what is kept for undo in the run's folder.
    ///   - owner: the start of the name of what is staged.
    init(_ change: TreeChange, of tree: LocalTree, backup: String, owner: String, validate: String?) {
        var sums = "", olds = "", orders = "", parts: [Part] = []
        for order in change.orders {
            let words = [order.kind.letter, String(order.mode, radix: 8)]
            let mask = String(~order.mode & 0o777, radix: 8)
            var size = 0, old = "none", line = order.name
            switch order.kind {
            case .makesFolder: break
            case .writesFile(let file, let over):
                size = file.size
                old = over ?? "none"
                sums += "\(file.digest)  \(Self.temporary(order.name))\n"
                if let over { olds += "\(over)  \(order.name)\n" }
                parts.append(Part(name: tree.isFolder ? String(order.name.dropFirst(2)) : "", size: size))
            case .setsMode(let digest):
                old = digest
                olds += "\(digest)  \(order.name)\n"
            case .makesLink(let target, let over):
                old = over == nil ? "none" : "link"
                line += "\n\(target)"
            }
            orders +=
                (words + [mask, order.owner ?? "-", "\(size)", old]).joined(separator: " ") + "\n\(line)\n"
        }
        let lists = [UInt8]((sums + olds + orders).utf8)
        // Sizes and digests stand in the lists: they tell all bytes that are behind them.
        let id = String(sha256(lists).hex.prefix(32))
        let source = StagedTree(lists: lists, parts: parts, read: tree.read)
        staged = Staged(owner: owner, id: id, length: source.length) {
            (offset, count) throws(StagingProblem) in try source.read(offset, count)
        }
        var lines = [
            "path=\(shellQuoted(change.path)) root=\(shellQuoted(change.root))",
            "staged=\"$RUNBOOK_FOLDER\"/\(shellQuoted(staged.name)) length=\(staged.length)",
            "sums=\(sums.utf8.count) olds=\(olds.utf8.count) orders=\(orders.utf8.count)",
            "backup=\"$RUNBOOK_FOLDER\"/\(shellQuoted(backup)).tree", Self.begin, Self.write,
        ]
        if let validate {
            let command = validate.replacing("%s", with: "\"$new\"")
            lines.append("new=\(shellQuoted(Self.temporary(change.orders.first?.name ?? "./")))")
            lines.append(PutScript.validation(command))
        }
        lines.append(Self.place)
        script = lines.joined(separator: "\n")
    }

    private struct Part: Sendable {
        var name: String
        var size: Int
    }

    /// The lists and the files as one row of bytes, of which only what is asked for is in memory.
    private struct StagedTree: Sendable {
        let lists: [UInt8]
        let parts: [Part]
        let read: PartReader

        var length: Int { parts.reduce(lists.count) { $0 + $1.size } }

        func read(_ offset: Int, _ count: Int) throws(StagingProblem) -> [UInt8] {
            var bytes: [UInt8] = []
            var begin = 0
            func wanted(_ size: Int) -> Range<Int>? {
                let first = max(offset + bytes.count - begin, 0)
                let end = min(size, first + count - bytes.count)
                return first < end ? first..<end : nil
            }
            if let range = wanted(lists.count) { bytes += lists[range] }
            begin += lists.count
            for part in parts where bytes.count < count {
                if offset + bytes.count < begin + part.size, let range = wanted(part.size) {
                    let content = try read(part.name, range.lowerBound, range.count)
                    guard content.count == range.count else {
                        throw StagingProblem(
                            "the file \(visible(part.name)) became shorter while it was sent")
                    }
                    bytes += content
                }
                begin += part.size
            }
            return bytes
        }
    }

    /// Where a file is written before it takes its place: beside it, since rename(2) works only inside a file system.
    static func temporary(_ name: String) -> String {
        let parts = name.split(separator: "/").map(String.init)
        return (parts.dropLast() + [".\(parts.last ?? "").runbook-new"]).joined(separator: "/")
    }

    private static let begin = """
        work=$staged.work
        away() {
            if [ -s "$work/new" ] && cd -- "$root"; then
                while IFS= read -r name; do
                    if [ -e "$name" ] || [ -L "$name" ]; then rm -f -- "$name"; fi
                done <"$work/new"
            fi
            rm -rf -- "$work"
        }
        trap away EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        changed() {
            echo "$path has changed since it was read: nothing was written" >&2
            exit 75
        }
        # take SIZE FILE: that many bytes of what is staged, behind those that were taken.
        take() {
            [ "$1" -lt 65536 ] || dd bs=65536 count=$(($1 / 65536)) <&4 >>"$2" 2>"$work/said" || failed
            [ $(($1 % 65536)) = 0 ] || dd bs=$(($1 % 65536)) count=1 <&4 >>"$2" 2>"$work/said" || failed
        }
        failed() {
            cat "$work/said" >&2
            exit 74
        }
        umask 077
        rm -rf -- "$work"
        mkdir -- "$work"
        have=$(wc -c <"$staged") || have=0
        [ $((have)) = "$length" ] || {
            echo "what is to be copied did not arrive whole: $((have)) of $length bytes" >&2
            exit 76
        }
        exec 4<"$staged"
        take "$sums" "$work/sums"
        take "$olds" "$work/olds"
        take "$orders" "$work/orders"
        : >>"$work/sums"
        : >>"$work/olds"
        if [ -d "$root" ]; then
            cd -- "$root"
            [ ! -s "$work/olds" ] || sha256sum -c "$work/olds" >/dev/null 2>&1 || changed
            while read -r kind mode mask own size old && IFS= read -r name; do
                [ "$kind" != l ] || IFS= read -r link
                if [ "$old" = none ] && [ "$name" != . ]; then
                    if [ -L "$name" ]; then changed; fi
                    [ "$kind" = d ] || [ ! -e "$name" ] || changed
                fi
            done <"$work/orders"
        else
            [ ! -s "$work/olds" ] || changed
        fi
        """

    // Folders are made and files written beside those that they will take the place of.
    private static let write = """
        mkdir -p -- "$backup"
        [ -e "$backup/root" ] || printf '%s\\n' "$root" >"$backup/root"
        while read -r kind mode mask own size old && IFS= read -r name; do
            case $kind in
            d)
                [ "$name" = . ] && folder=$root || folder=$name
                if [ ! -d "$folder" ]; then
                    printf '%s\\n' "$name" >>"$backup/folders"
                    mkdir -m "$mode" -- "$folder"
                    [ "$own" = - ] || chown -- "$own" "$folder"
                fi
                if [ "$name" = . ]; then cd -- "$root"; fi
                ;;
            f)
                new=${name%/*}/.${name##*/}.runbook-new
                if [ -e "$new" ] || [ -L "$new" ]; then rm -f -- "$new"; fi
                umask "$mask"
                set -C
                : >"$new"
                set +C
                umask 077
                printf '%s\\n' "$new" >>"$work/new"
                take "$size" "$new"
                [ "$own" = - ] || chown -- "$own" "$new"
                # umask takes away from 666 and knows no set-id: what is more than that is added at last.
                case $mode in
                [0246] | [0246][0246] | [0246][0246][0246]) ;;
                *) chmod -- "$mode" "$new" ;;
                esac
                ;;
            l) IFS= read -r link ;;
            esac
        done <"$work/orders"
        if [ -s "$work/sums" ] && ! sha256sum -c "$work/sums" >"$work/said" 2>&1; then
            # Sent anew the next time.
            rm -f -- "$staged"
            grep -v ': OK$' "$work/said" | head -n 5 >&2
            echo "what is to be copied did not arrive as it was read: nothing was put in place" >&2
            exit 76
        fi
        """

    // What a run found at its first writing is what undo goes back to, however often it writes.
    private static let place = """
        # keep NAME: the file as it is, or that there is none.
        keep() {
            if [ -e "$backup/old/$1" ] || [ -L "$backup/old/$1" ] || [ -e "$backup/none/$1" ]; then return; fi
            if [ ! -e "$1" ] && [ ! -L "$1" ]; then
                beside none "$1"
                : >"$backup/none/$1"
            else
                beside old "$1"
                if [ -L "$1" ]; then
                    ln -s -- "$(readlink -- "$1")" "$backup/old/$1"
                else
                    ln -- "$1" "$backup/old/$1" 2>/dev/null || cp -p -- "$1" "$backup/old/$1"
                fi
            fi
        }
        beside() { [ -d "$backup/$1/${2%/*}" ] || mkdir -p -- "$backup/$1/${2%/*}"; }
        wrote() {
            beside wrote "$1"
            printf '%s\\n' "$2" >"$backup/wrote/$1"
        }
        exec 5<"$work/sums"
        while read -r kind mode mask own size old && IFS= read -r name; do
            new=${name%/*}/.${name##*/}.runbook-new
            case $kind in
            f)
                IFS=' ' read -r digest rest <&5
                keep "$name"
                wrote "$name" "$digest"
                mv -f -- "$new" "$name"
                ;;
            m)
                beside modes "$name"
                [ -e "$backup/modes/$name" ] || stat -c '%a %u:%g' -- "$name" >"$backup/modes/$name"
                [ "$own" = - ] || chown -- "$own" "$name"
                chmod -- "$mode" "$name"
                ;;
            l)
                IFS= read -r link
                keep "$name"
                wrote "$name" "-> $link"
                if [ "$old" = none ]; then
                    ln -s -- "$link" "$name"
                else
                    rm -f -- "$new"
                    ln -s -- "$link" "$new"
                    # Without -T a link to a folder would get the new one put into that folder.
                    mv -fT -- "$new" "$name" 2>/dev/null || { rm -f -- "$name" && mv -f -- "$new" "$name"; }
                fi
                [ "$own" = - ] || chown -h -- "$own" "$name"
                ;;
            esac
        done <"$work/orders"
        rm -f -- "$staged"
        """
}

extension TreeChange.Kind {
    fileprivate var letter: String {
        switch self {
        case .makesFolder: "d"
        case .writesFile: "f"
        case .setsMode: "m"
        case .makesLink: "l"
        }
    }
}

extension UnitContext {
    /// What a copy of a folder, or of a long file, has to look at before it is known what it comes to.
    func surveys() throws(EngineProblem) -> [String: String] {
        guard case .copy(let copy) = step.action, let (name, tree) = try tree(of: copy) else { return [:] }
        let path = try treePath(copy)
        return [Self.surveyKey(path, name): HostTree.script(tree, at: path)]
    }

    /// The tree that a copy brings; nil when it brings a file that is in memory.
    func tree(of copy: CopyAction) throws(EngineProblem) -> (name: String, tree: LocalTree)? {
        switch copy.source {
        case .content: return nil
        case .file(let name): return plan.trees[name].map { (name, $0) }
        case .folder(let name):
            guard let tree = plan.trees[name] else {
                throw EngineProblem("the folder \(name), which step \(step.id) copies, was not read")
            }
            return (name, tree)
        }
    }

    func acting(
        _ copy: CopyAction, _ name: String, _ tree: LocalTree, _ found: [String: HostFile?]
    ) throws(EngineProblem) -> Acting {
        let path = try treePath(copy)
        guard let survey = found[Self.surveyKey(path, name)] ?? nil else {
            throw EngineProblem("what is at \(path) was not looked at")
        }
        let change = try TreeChange(
            tree, onto: HostTree(survey.bytes), path: path, mode: copy.mode, owner: copy.owner)
        let names = "\(AttemptID(step: unit.step, host: unit.host ?? HostID("-"), number: 0)).tree"
        let validate = try copy.validate.map { (command) throws(EngineProblem) in
            try text(command, fit: .shell)
        }
        let script = TreeScript(change, of: tree, backup: backupName(1), owner: names, validate: validate)
        return Acting(
            script: script.script, staged: script.staged, acts: hash(try masked.copyText(copy)), tree: change)
    }

    private func treePath(_ copy: CopyAction) throws(EngineProblem) -> String {
        var path = try text(copy.path)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func surveyKey(_ path: String, _ name: String) -> String { "\(path) from \(name)" }
}
