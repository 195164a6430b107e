using System.Buffers.Binary;
using System.Globalization;
using Dlrm.Interop.TensorBoard.Schema;
using Google.Protobuf;

namespace Dlrm.Interop.TensorBoard;

/// <summary>One event file of TensorBoard, to be appended to while a run goes on.</summary>
/// <remarks>
/// A file is a row of records: length (8 bytes), its masked CRC-32C (4), an <c>Event</c> message, its masked CRC-32C (4),
/// all little-endian. Each record is one write to the file, so whoever follows it sees whole events at once. TensorBoard
/// reads the files of a folder in the order of their names, so a new file is named after all that are there: a resumed
/// run appends a file.
/// </remarks>
public sealed class EventFile : IDisposable
{
    private const string Prefix = "events.out.tfevents.";
    private const string Version = "brain.Event:2";
    private const int Head = sizeof(ulong) + sizeof(uint);

    private readonly FileStream _file;
    private readonly TimeProvider _clock;
    private byte[] _record = new byte[512];

    /// <summary>Creates a file in a folder, which is made if it is missing.</summary>
    /// <param name="folder">The folder that TensorBoard is to be pointed at, or one below it.</param>
    /// <param name="clock">Gives events their time; null for the system's.</param>
    /// <exception cref="IOException">The folder or the file cannot be made.</exception>
    public EventFile(string folder, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        Directory.CreateDirectory(folder);
        Path = System.IO.Path.Combine(folder, NewName(folder, _clock.GetUtcNow().ToUnixTimeSeconds()));
        _file = new FileStream(Path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        Write(new Event { FileVersion = Version, SourceMetadata = new SourceMetadata { Writer = "dlrm.net" } });
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Says that a run goes on after <paramref name="step"/>: what other files have of later steps is void.</summary>
    /// <param name="step">Steps done before.</param>
    public void Resumed(long step) => Write(new Event
    {
        Step = step + 1,
        SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start },
    });

    /// <summary>One number of a curve; a number that is not finite is kept as it is, TensorBoard marks it.</summary>
    /// <param name="tag">The curve's name; a slash parts the group from the name, e.g. <c>Train/Loss</c>.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="value">Rounded to single precision, as the format has it.</param>
    public void Scalar(string tag, long step, double value) =>
        Write(step, new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });

    /// <summary>A distribution; nothing where no value is finite.</summary>
    /// <param name="tag">Its name.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="histogram">The values.</param>
    public void Histogram(string tag, long step, ValueHistogram histogram)
    {
        if (histogram.Count > 0)
        {
            Write(step, new Summary.Types.Value { Tag = tag, Histo = histogram.ToProto() });
        }
    }

    /// <summary>A text.</summary>
    /// <param name="tag">Its name.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="markdown">The text, in Markdown.</param>
    public void Text(string tag, long step, string markdown)
    {
        var tensor = new TensorProto { Dtype = DataType.DtString, TensorShape = new TensorShapeProto() };
        tensor.TensorShape.Dim.Add(new TensorShapeProto.Types.Dim { Size = 1 });
        tensor.StringVal.Add(ByteString.CopyFromUtf8(markdown));
        Write(step, new Summary.Types.Value
        {
            Tag = tag,
            Tensor = tensor,
            Metadata = new SummaryMetadata { PluginData = new SummaryMetadata.Types.PluginData { PluginName = "text" } },
        });
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>events.out.tfevents.SECONDS.HOST.PROCESS, with seconds beyond those of every file that is there.</summary>
    private static string NewName(string folder, long seconds)
    {
        foreach (string path in Directory.EnumerateFiles(folder, Prefix + "*"))
        {
            string time = System.IO.Path.GetFileName(path)[Prefix.Length..].Split('.')[0];
            if (long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out long taken) && taken >= seconds)
            {
                seconds = taken + 1;
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{seconds:D10}.{Environment.MachineName}.{Environment.ProcessId}.0");
    }

    private void Write(long step, Summary.Types.Value value)
    {
        var summary = new Summary();
        summary.Value.Add(value);
        Write(new Event { Step = step, Summary = summary });
    }

    private void Write(Event one)
    {
        one.WallTime = _clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        int length = one.CalculateSize();
        int size = Head + length + sizeof(uint);
        if (_record.Length < size)
        {
            _record = new byte[size];
        }

        Span<byte> record = _record.AsSpan(0, size);
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[sizeof(ulong)..], Crc32C.Masked(record[..sizeof(ulong)]));
        Span<byte> data = record.Slice(Head, length);
        one.WriteTo(data);
        BinaryPrimitives.WriteUInt32LittleEndian(record[(Head + length)..], Crc32C.Masked(data));
        _file.Write(record);
    }
}
