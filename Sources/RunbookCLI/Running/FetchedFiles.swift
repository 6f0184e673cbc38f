import Glibc
import RunbookDigest
import RunbookEngine
import RunbookFiles
import RunbookModel

/// The folder that `fetch` keeps files of hosts in. Nothing in it is lost: a file that is to be replaced by another
/// gets the first free name of `NAME.1`, `NAME.2` …
///
/// No symbolic link below the folder is followed, so nothing is written outside of it.
struct FetchedFiles: FetchedFolder {
    /// Empty: the current folder.
    let root: String
    private let store = POSIXFileStore()

    init(_ root: String) { self.root = root.isEmpty ? "." : root }

    func look(at place: FetchedPlace) async -> FetchedState {
        do throws(FileError) {
            let (folder, name) = try open(place, create: false)
            return .there(digest: sha256(try folder.readFile(name, limit: FetchAction.lengthMax)).hex)
        } catch {
            return error.isNotFound ? .missing : .unreadable(error.message)
        }
    }

    func keep(_ bytes: [UInt8], at place: FetchedPlace) async throws(EngineProblem) -> KeptFile {
        do throws(FileError) {
            let (folder, name) = try open(place, create: true)
            var older: String?
            if let there = try folder.status(of: name) {
                guard there.kind == .regular else {
                    throw FileError(.open, "\(folder.path)/\(name)", .notRegular)
                }
                older = try freeName(for: name, in: folder)
            }
            if let older { try folder.rename(name, to: older) }
            do throws(FileError) {
                try folder.writeAtomically(name, bytes)
            } catch {
                // The first error is the one to tell.
                if let older { try? folder.rename(older, to: name) }
                throw error
            }
            return KeptFile(path: "\(folder.path)/\(name)", older: older)
        } catch {
            throw EngineProblem(error.message)
        }
    }

    private func open(
        _ place: FetchedPlace, create: Bool
    ) throws(FileError) -> (folder: any OpenDirectory, name: String) {
        var folder = try store.openDirectory(root, create: create)
        for name in place.names.dropLast() {
            let inner = try folder.openDirectory(name, create: create)
            if create { try folder.sync() }
            folder = inner
        }
        return (folder, place.names.last ?? "")
    }

    private func freeName(for name: String, in folder: any OpenDirectory) throws(FileError) -> String {
        for number in 1...9999 {
            let candidate = "\(name).\(number)"
            if try folder.status(of: candidate) == nil { return candidate }
        }
        throw FileError(.rename, "\(folder.path)/\(name)", .system(EEXIST))
    }
}
