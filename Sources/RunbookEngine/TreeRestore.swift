import RunbookText

extension UnitContext {
    /// Takes back what a copied tree brought: files get their old content, what was new goes, and so do folders that
    /// were made and are empty. Nothing at all is done when one of the files is another than was written. Killed in
    /// the middle, it goes on when it is run again.
    func treeRestoreScript(_ backup: String) -> String {
        "backup=\"$RUNBOOK_FOLDER\"/\(shellQuoted(backup)).tree\n\(Self.restoreTree)"
    }

    private static let restoreTree = """
        [ -e "$backup/root" ] || exit 0
        IFS= read -r root <"$backup/root"
        [ -d "$root" ] || { echo "$root is gone: nothing was taken back" >&2; exit 75; }
        : >"$backup/names"
        [ ! -d "$backup/wrote" ] || (cd "$backup/wrote" && find . ! -type d) >"$backup/names"
        : >"$backup/changed"
        [ ! -d "$backup/modes" ] || (cd "$backup/modes" && find . ! -type d) >"$backup/changed"
        cd -- "$root"
        # What stands under a name now: `none`, `-> TARGET`, or a digest.
        now() {
            if [ -L "$1" ]; then
                now="-> $(readlink -- "$1")"
            elif [ -e "$1" ]; then
                now=$(sha256sum <"$1")
                now=${now%% *}
            else
                now=none
            fi
        }
        was() {
            was=none
            if [ -L "$backup/old/$1" ]; then
                was="-> $(readlink -- "$backup/old/$1")"
            elif [ -e "$backup/old/$1" ]; then
                was=$(sha256sum <"$backup/old/$1")
                was=${was%% *}
            fi
        }
        foreign=
        while IFS= read -r name; do
            IFS= read -r wrote <"$backup/wrote/$name"
            now "$name"
            [ "$now" != "$wrote" ] || continue
            was "$name"
            [ "$now" != "$was" ] || continue
            echo "$root/${name#./} has changed since this run wrote it" >&2
            foreign=1
        done <"$backup/names"
        if [ -n "$foreign" ]; then
            echo "all of it was left as it is" >&2
            exit 75
        fi
        while IFS= read -r name; do
            new=${name%/*}/.${name##*/}.runbook-new
            if [ -L "$backup/old/$name" ]; then
                rm -f -- "$name"
                ln -s -- "$(readlink -- "$backup/old/$name")" "$name"
            elif [ -e "$backup/old/$name" ]; then
                rm -f -- "$new"
                cp -p -- "$backup/old/$name" "$new"
                mv -f -- "$new" "$name"
            else
                rm -f -- "$name"
            fi
        done <"$backup/names"
        while IFS= read -r name; do
            read -r mode owner <"$backup/modes/$name"
            [ -e "$name" ] || continue
            [ "$(stat -c %u:%g -- "$name")" = "$owner" ] || chown -- "$owner" "$name"
            chmod -- "$mode" "$name"
        done <"$backup/changed"
        if [ -e "$backup/folders" ]; then
            sort -r "$backup/folders" >"$backup/names"
            while IFS= read -r name; do
                if [ "$name" = . ]; then
                    cd /
                    rmdir -- "$root" 2>/dev/null || :
                else
                    rmdir -- "$name" 2>/dev/null || :
                fi
            done <"$backup/names"
        fi
        # All of it: what is written after this has other files to go back to.
        rm -rf -- "$backup"
        """
}
