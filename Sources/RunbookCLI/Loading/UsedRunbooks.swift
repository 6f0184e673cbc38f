import RunbookDiagnostics
import RunbookDigest
import RunbookFiles
import RunbookLanguage

/// The runbooks that a runbook uses, read from its folder.
final class UsedRunbooks {
    private let folder: String
    private var texts: [SourceText] = []

    private static let lengthMax = 4 << 20

    init(beside path: String) { folder = RunbookPaths.folder(of: path) }

    func read(_ path: String) -> Result<SourceText, UnreadableFile> {
        do throws(FileError) {
            let text = SourceText(
                name: folder + path,
                bytes: try POSIXFileStore().readFile(folder + path, limit: Self.lengthMax))
            texts.append(text)
            return .success(text)
        } catch {
            return .failure(UnreadableFile(error.message))
        }
    }

    var paths: [String] { texts.map(\.name) }

    /// The digest of all that the runbook says.
    func digest(behind source: SourceText) -> String {
        guard !texts.isEmpty else { return sha256(source.bytes).hex }
        return sha256(([source] + texts).flatMap { Array("\($0.bytes.count):".utf8) + $0.bytes }).hex
    }
}
