namespace Dlrm.Interop.Pickle;

/// <summary>Makes what plain pickle opcodes cannot: the only way by which a pickle reaches code, so it does little.</summary>
internal interface IPickleFactory
{
    /// <summary>Whether a global may be named at all.</summary>
    bool Knows(PickleGlobal name);

    /// <summary>The result of <c>function(*arguments)</c>.</summary>
    /// <exception cref="RefusedFileException">Not a call that this factory makes.</exception>
    object? Call(PickleGlobal function, PickleTuple arguments);

    /// <summary>Sets the state of an object that <see cref="Call"/> made; false when it takes none.</summary>
    bool Build(object target, object? state);

    /// <summary>The object outside the pickle that an identity stands for.</summary>
    /// <exception cref="RefusedFileException">There is none.</exception>
    object? LoadPersistent(object? identity);
}
