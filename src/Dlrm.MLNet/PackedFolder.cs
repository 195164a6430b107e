namespace Dlrm.MLNet;

/// <summary>A folder of files as one stream: a number of files, then name, length and bytes of each.</summary>
internal static class PackedFolder
{
    private const int BufferBytes = 1 << 16;

    public static void Write(string folder, BinaryWriter writer)
    {
        string[] files = [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)];
        writer.Write(files.Length);
        foreach (string path in files)
        {
            using FileStream file = File.OpenRead(path);
            writer.Write(Path.GetFileName(path));
            writer.Write(file.Length);
            writer.Flush();
            file.CopyTo(writer.BaseStream, BufferBytes);
        }
    }

    /// <exception cref="InvalidDataException">The stream ends too soon, or a name is no file's name.</exception>
    public static void Read(BinaryReader reader, string folder)
    {
        var buffer = new byte[BufferBytes];
        int files = reader.ReadInt32();
        for (int number = 0; number < files; number++)
        {
            string name = reader.ReadString();
            if (name != Path.GetFileName(name) || name is "" or "." or "..")
            {
                throw new InvalidDataException($"The saved pipeline holds a file '{name}' that would lie outside its folder.");
            }

            using FileStream file = File.Create(Path.Combine(folder, name));
            for (long left = reader.ReadInt64(); left > 0;)
            {
                int read = reader.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
                if (read == 0)
                {
                    throw new InvalidDataException($"The saved pipeline ends {left} bytes before the end of its '{name}'.");
                }

                file.Write(buffer, 0, read);
                left -= read;
            }
        }
    }
}
