import FoundationEssentials
import RunbookFiles

/// Where a runbook's files lie: the runbook, its site file, its runs.
struct RunbookPaths: Equatable {
    /// The runbook's file, as it was found.
    var runbook: String
    /// The site file; it need not be there.
    var site: String
    /// The folder of all runs.
    var state: String
    /// The folder that the folders of `fetch` lie in: beside that of all runs, or inside one that was given.
    var fetched: String
    /// `two-node`: the site file's name without `.site.yaml`.
    var siteName: String

    struct NotFound: Error, Equatable {
        var message: String
    }

    /// Finds the files. A bare name that is no file here is looked for in `runbooks/`.
    init(
        _ arguments: RunbookArguments, environment: [String: String], exists: (String) -> Bool
    ) throws(NotFound) {
        let candidates =
            [arguments.file, "\(arguments.file).yaml"]
            + (arguments.file.contains("/")
                ? [] : ["runbooks/\(arguments.file)", "runbooks/\(arguments.file).yaml"])
        guard let found = candidates.first(where: exists) else {
            throw NotFound(
                message:
                    "there is no runbook \(arguments.file): looked for \(candidates.joined(separator: ", "))")
        }
        runbook = found
        let folder = Self.folder(of: found)
        site = arguments.site ?? "\(folder)\(Self.stem(of: found)).site.yaml"
        siteName = Self.stem(of: site)
        if let given = arguments.state ?? environment["RUNBOOK_STATE"].flatMap({ $0.isEmpty ? nil : $0 }) {
            (state, fetched) = (given, given)
        } else if folder == "runbooks/" || folder.hasSuffix("/runbooks/") {
            fetched = String(folder.dropLast("runbooks/".count))
            state = "\(fetched)state"
        } else {
            (state, fetched) = ("\(folder)state", folder)
        }
    }

    /// With its last slash; empty for a file of the current folder.
    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// The file's name without `.site.yaml`, `.yaml` or `.yml`.
    static func stem(of path: String) -> String {
        let name = String(path.dropFirst(folder(of: path).count))
        for ending in [".site.yaml", ".yaml", ".yml"] where name.hasSuffix(ending) && name != ending {
            return String(name.dropLast(ending.count))
        }
        return name
    }
}

/// Whether a file or folder is there. Only a look: everything that is written goes through RunbookFiles.
func fileExists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
