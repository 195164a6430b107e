using Dlrm.Checkpoints;

namespace Dlrm.Tests.Checkpoints;

/// <summary>
/// Counts the steps that change the disk. At step <c>failAt</c> it throws, and from then on always, as after a crash or
/// on a full disk.
/// </summary>
internal sealed class FailingLayer(int failAt, bool canExchange) : FileLayer
{
    public int Steps { get; private set; }

    public bool HasFailed => Steps > failAt;

    public override void CreateFolder(string path)
    {
        Step($"create folder {path}");
        base.CreateFolder(path);
    }

    public override Stream CreateFile(string path)
    {
        Step($"create {path}");
        return new CountedStream((FileStream)base.CreateFile(path), this);
    }

    public override void Flush(Stream file)
    {
        Step("flush");
        base.Flush(((CountedStream)file).File);
    }

    public override void FlushFolder(string path)
    {
        Step($"flush folder {path}");
        base.FlushFolder(path);
    }

    public override void Move(string from, string to)
    {
        Step($"move {from}");
        base.Move(from, to);
    }

    public override bool TryExchange(string first, string second)
    {
        Step($"exchange {first}");
        return canExchange && base.TryExchange(first, second);
    }

    public override void DeleteFolder(string path)
    {
        Step($"delete {path}");
        base.DeleteFolder(path);
    }

    private void Step(string what)
    {
        if (Steps++ >= failAt)
        {
            throw new IOException($"Step {Steps - 1} fails: {what}");
        }
    }

    private sealed class CountedStream(FileStream file, FailingLayer layer) : Stream
    {
        public FileStream File => file;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            // A disk that fills up takes a part.
            file.Write(buffer[..(buffer.Length / 2)]);
            layer.Step("write");
            file.Write(buffer[(buffer.Length / 2)..]);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => file.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }
}
