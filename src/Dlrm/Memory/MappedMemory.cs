using System.IO.MemoryMappedFiles;

namespace Dlrm.Memory;

/// <summary>
/// A file of any length mapped to be read in place, part by part as <see cref="NativeBuffer{T}"/>: processes that map the
/// same file share its pages.
/// </summary>
/// <remarks>Buffers look at the mapping and do not keep it: dispose of it after the last of them.</remarks>
internal sealed unsafe class MappedMemory : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _length;
    private byte* _start;

    /// <summary>Maps a whole file.</summary>
    /// <param name="path">A file of 1 byte or more.</param>
    /// <exception cref="IOException">It cannot be read, or is empty.</exception>
    public MappedMemory(string path)
    {
        // Deleting or replacing the file is allowed: what is mapped stays until it is unmapped.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        _length = stream.Length;
        if (_length == 0)
        {
            throw new IOException($"{path} is empty.");
        }

        _file = MemoryMappedFile.CreateFromFile(
            stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _file.CreateViewAccessor(0, _length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    /// <summary>Whether elements of a type may be read at an offset of the file.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="offset">Bytes from the start of the file.</param>
    public static bool IsAligned<T>(long offset)
        where T : unmanaged
        => offset % sizeof(T) == 0;

    /// <summary>A part of the file.</summary>
    /// <typeparam name="T">The type of its elements.</typeparam>
    /// <param name="offset">Bytes from the start of the file, a multiple of the element's size.</param>
    /// <param name="elements">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie in the file, or is not aligned.</exception>
    public NativeBuffer<T> View<T>(long offset, long elements)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        if (offset < 0 || elements < 0 || elements > (_length - offset) / sizeof(T) || !IsAligned<T>(offset))
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{elements} elements of {sizeof(T)} bytes at {offset} do not lie in a file of {_length} bytes.");
        }

        return new NativeBuffer<T>((T*)(_start + offset), elements);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_start is not null)
        {
            _start = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }
}
