using System.Diagnostics;
using System.Globalization;

namespace Dlrm.Checkpoints;

/// <summary>Kills the process, as the system does when memory runs out, at the n-th step that changes the disk.</summary>
/// <remarks>
/// For crash tests, yours too: with the environment variable <see cref="Variable"/> set to n, the process gets SIGKILL
/// before its n-th step (a file made, half a piece written, a flush, a renaming, a removal), counted from 1.
/// </remarks>
internal sealed class KillingLayer(int step) : FileLayer
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "DLRM_KILL_AT_FILE_STEP";

    private int _steps;

    /// <summary>The layer that the variable asks for; null without it.</summary>
    public static KillingLayer? FromEnvironment()
        => int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out int step)
            ? new KillingLayer(step)
            : null;

    public override void CreateFolder(string path)
    {
        Step();
        base.CreateFolder(path);
    }

    public override Stream CreateFile(string path)
    {
        Step();
        return new HalvingStream(base.CreateFile(path), Step);
    }

    public override void Flush(Stream file)
    {
        Step();
        base.Flush(((HalvingStream)file).File);
    }

    public override void FlushFolder(string path)
    {
        Step();
        base.FlushFolder(path);
    }

    public override void Move(string from, string to)
    {
        Step();
        base.Move(from, to);
    }

    public override bool TryExchange(string first, string second)
    {
        Step();
        return base.TryExchange(first, second);
    }

    public override void DeleteFolder(string path)
    {
        Step();
        base.DeleteFolder(path);
    }

    private void Step()
    {
        if (Interlocked.Increment(ref _steps) == step)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
            Thread.Sleep(Timeout.Infinite); // the signal is on its way
        }
    }

    /// <summary>Writes each piece in two halves, with a step between.</summary>
    private sealed class HalvingStream(Stream file, Action step) : Stream
    {
        public Stream File => file;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            file.Write(buffer[..(buffer.Length / 2)]);
            step();
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
