import Glibc
import RunbookFiles

/// A directory of this machine's disk for one test, removed with the last reference.
final class Scratch: Sendable {
    let path: String
    let store = POSIXFileStore()

    init() throws {
        var template = Array("/tmp/runbook-files-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
        }
        guard made else { throw FileError(.createDirectory, "/tmp", .system(errno)) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Scratch.empty(store, path)
        _ = unsafe rmdir(path)
    }

    /// The directory, opened.
    func directory() throws(FileError) -> any OpenDirectory {
        try store.openDirectory(path, create: false)
    }

    private static func empty(_ store: POSIXFileStore, _ path: String) {
        guard let directory = try? store.openDirectory(path, create: false),
            let names = try? directory.list()
        else { return }
        for name in names {
            if let status = try? directory.status(of: name), status.kind == .directory {
                empty(store, path + "/" + name)
            }
            try? directory.remove(name)
        }
    }
}

func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

/// The error that `body` throws; nil if it throws none.
func failure(_ body: () throws(FileError) -> Void) -> FileError? {
    do throws(FileError) {
        try body()
        return nil
    } catch {
        return error
    }
}
