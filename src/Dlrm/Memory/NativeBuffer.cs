using System.Runtime.CompilerServices;

namespace Dlrm.Memory;

/// <summary>
/// A block of native memory holding <typeparamref name="T"/>, zeroed, aligned to 64 bytes, with one owner.
/// </summary>
/// <remarks>
/// The garbage collector neither sees nor moves it, it may exceed 2³¹ elements, and blocks of 2 MiB and more ask the
/// system for huge pages. There is no finalizer: whoever creates a buffer disposes of it, exactly once.
/// </remarks>
/// <typeparam name="T">An unmanaged element type.</typeparam>
public sealed unsafe class NativeBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly bool _borrowed;
    private T* _pointer;

    /// <summary>Takes <paramref name="length"/> zeroed elements from the system.</summary>
    /// <param name="length">Elements, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="InsufficientMemoryException">The system has not that much memory; the message names the size.</exception>
    public NativeBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        _pointer = (T*)SystemMemory.Allocate(checked(length * sizeof(T)));
    }

    /// <summary>Looks at memory that somebody else owns and that outlives the buffer.</summary>
    /// <param name="pointer">The first element, aligned as its type must be.</param>
    /// <param name="length">Elements.</param>
    internal NativeBuffer(T* pointer, long length)
    {
        Length = length;
        _pointer = pointer;
        _borrowed = true;
    }

    /// <summary>Elements.</summary>
    public long Length { get; }

    /// <summary>Bytes.</summary>
    public long Bytes => Length * sizeof(T);

    /// <summary>The first element; null after disposal.</summary>
    public T* Data => _pointer;

    /// <summary>The element at <paramref name="index"/>, checked.</summary>
    /// <param name="index">0 … <see cref="Length"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index lies outside.</exception>
    public ref T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((ulong)index >= (ulong)Length)
            {
                throw new ArgumentOutOfRangeException(nameof(index), index, $"A buffer of {Length} elements.");
            }

            return ref _pointer[index];
        }
    }

    /// <summary>The whole buffer as a span.</summary>
    /// <exception cref="OverflowException">The buffer has more than 2³¹ − 1 elements: take slices.</exception>
    public Span<T> Span => Slice(0, checked((int)Length));

    /// <summary>A part of the buffer as a span.</summary>
    /// <param name="start">First element.</param>
    /// <param name="length">Elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie inside the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Span<T> Slice(long start, int length)
    {
        ObjectDisposedException.ThrowIf(_pointer == null && Length > 0, this);
        if (start < 0 || length < 0 || start > Length - length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), $"[{start}, {start} + {length}) does not lie in a buffer of {Length} elements.");
        }

        return new Span<T>(_pointer + start, length);
    }

    /// <summary>A buffer of its own with the same elements.</summary>
    /// <exception cref="InsufficientMemoryException">The system has not that much memory.</exception>
    internal NativeBuffer<T> Clone()
    {
        var copy = new NativeBuffer<T>(Length);
        Buffer.MemoryCopy(_pointer, copy._pointer, copy.Bytes, Bytes);
        return copy;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (_pointer != null)
        {
            if (!_borrowed)
            {
                SystemMemory.Free(_pointer, Bytes);
            }

            _pointer = null;
        }
    }
}
