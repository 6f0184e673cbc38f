import Glibc

/// Which model a lab runs.
enum LabModels {
    /// File of a lab's folder with one line of JSON for each effect that really took place.
    static let effects = "effects.jsonl"

    /// The model that the text of a profile asks for; plain nodes when it is empty.
    static func make(
        profile text: String, control: any NodeControl, folder: String
    ) throws(LabFailure) -> any NodeModel {
        guard !text.isEmpty else { return PlainModel(control: control) }
        let profile = try LabProfile(text: text)
        guard !profile.isPlain else { return PlainModel(control: control) }
        let log = EffectFile(path: folder + "/" + effects)
        return ClusterModel(
            profile: profile, control: control,
            clock: ScaledClock(factor: profile.clockFactor) { time(nil) }
        ) { log.add($0) }
    }
}

/// Appends effects to a file, each in one write.
private struct EffectFile: Sendable {
    let path: String

    func add(_ effect: LabEffect) {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return }
        let bytes = Array(effect.jsonLine.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
        close(file)
    }
}
