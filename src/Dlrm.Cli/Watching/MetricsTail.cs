using System.Text;

namespace Dlrm.Cli.Watching;

/// <summary>Reads the lines that were appended to a file since the last look; notices when the file was begun anew.</summary>
internal sealed class MetricsTail(string path)
{
    /// <summary>So many bytes before the place reached are compared at each look.</summary>
    private const int Compared = 256;

    private readonly List<byte> _partial = [];
    private byte[] _before = [];
    private long _position;

    /// <summary>True when the last look found what had been read cut back or changed: all was read again.</summary>
    public bool BegunAnew { get; private set; }

    /// <summary>The whole lines that are new; a line without its end is kept for the next look.</summary>
    /// <returns>Null while there is no file.</returns>
    public IReadOnlyList<string>? Read()
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        using (file)
        {
            BegunAnew = IsAnother(file);
            if (BegunAnew)
            {
                _partial.Clear();
                _position = 0;
                _before = [];
            }

            var lines = new List<string>();
            file.Position = _position;
            byte[] block = new byte[1 << 16];
            for (int read = file.Read(block); read > 0; read = file.Read(block))
            {
                Divide(block.AsSpan(0, read), lines);
                _position += read;
                _before = Last([.. _before, .. block.AsSpan(0, read)]);
            }

            return lines;
        }
    }

    /// <summary>A resumed run cuts the file back and writes on; times tell its lines from those that were there.</summary>
    private bool IsAnother(FileStream file)
    {
        if (file.Length < _position)
        {
            return true;
        }

        byte[] before = new byte[_before.Length];
        file.Position = _position - before.Length;
        file.ReadExactly(before);
        return !before.AsSpan().SequenceEqual(_before);
    }

    private static byte[] Last(byte[] bytes) => bytes[Math.Max(0, bytes.Length - Compared)..];

    private void Divide(ReadOnlySpan<byte> bytes, List<string> lines)
    {
        for (int end = bytes.IndexOf((byte)'\n'); end >= 0; end = bytes.IndexOf((byte)'\n'))
        {
            _partial.AddRange(bytes[..end]);
            lines.Add(Encoding.UTF8.GetString([.. _partial]));
            _partial.Clear();
            bytes = bytes[(end + 1)..];
        }

        _partial.AddRange(bytes);
    }
}
