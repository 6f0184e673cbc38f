import CLibYAML

/// Owns one libyaml parser and the text it reads.
@safe struct LibYAMLReader: ~Copyable {
    // libyaml keeps pointers to the parser inside the parser, so it must not move: it lives on the heap.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    // The parser reads the input where it lies until it is deleted. It asserts that the pointer is not null, so
    // there is room for one byte at least.
    private let input: UnsafeMutablePointer<UInt8>

    /// - Throws: the parser could not be made, which happens only without memory.
    init(utf8 bytes: ArraySlice<UInt8>) throws(YAMLProblem) {
        unsafe parser = .allocate(capacity: 1)
        unsafe input = .allocate(capacity: max(1, bytes.count))
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            unsafe input.deallocate()
            throw YAMLProblem(problem: "out of memory", problemMark: 0, context: "", contextMark: 0)
        }
        unsafe bytes.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress {
                unsafe input.initialize(from: start, count: buffer.count)
            }
        }
        // Without this libyaml would guess the encoding from the first bytes.
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// Reads the next event. After an error or the end of the stream it must not be called again.
    mutating func next() throws(YAMLProblem) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        // The event owns its texts; they are copied before it is deleted.
        defer { unsafe yaml_event_delete(&event) }
        return unsafe translated(event)
    }

    private func problem() -> YAMLProblem {
        unsafe YAMLProblem(
            problem: text(parser.pointee.problem) ?? "out of memory",
            problemMark: Int(parser.pointee.problem_mark.index),
            context: text(parser.pointee.context) ?? "",
            contextMark: Int(parser.pointee.context_mark.index))
    }

    /// Reads the member of the union that belongs to the type of the event, and no other.
    private func translated(_ event: yaml_event_t) -> YAMLEvent {
        var (anchor, tag): (String?, String?)
        let kind: YAMLEvent.Kind
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT:
            kind = .streamStart
        case YAML_DOCUMENT_START_EVENT:
            let start = unsafe event.data.document_start
            let hasTags = unsafe start.tag_directives.start != start.tag_directives.end
            kind = unsafe .documentStart(hasDirectives: start.version_directive != nil || hasTags)
        case YAML_DOCUMENT_END_EVENT:
            kind = .documentEnd
        case YAML_ALIAS_EVENT:
            kind = unsafe .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            (anchor, tag) = unsafe (text(scalar.anchor), text(scalar.tag))
            // A scalar may hold a NUL, so its length counts and not its terminator.
            let value = unsafe Array(UnsafeBufferPointer(start: scalar.value, count: scalar.length))
            kind = unsafe .scalar(value, style(scalar.style))
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            (anchor, tag) = unsafe (text(start.anchor), text(start.tag))
            kind = unsafe .sequenceStart(isFlow: start.style == YAML_FLOW_SEQUENCE_STYLE)
        case YAML_SEQUENCE_END_EVENT:
            kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            (anchor, tag) = unsafe (text(start.anchor), text(start.tag))
            kind = unsafe .mappingStart(isFlow: start.style == YAML_FLOW_MAPPING_STYLE)
        case YAML_MAPPING_END_EVENT:
            kind = .mappingEnd
        default:
            // Only the end of the stream is left (yaml.h, yaml_event_type_t); "no event" comes after it.
            kind = .streamEnd
        }
        return unsafe YAMLEvent(
            kind: kind, anchor: anchor, tag: tag, startMark: Int(event.start_mark.index),
            endMark: Int(event.end_mark.index))
    }

    private func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }
}
