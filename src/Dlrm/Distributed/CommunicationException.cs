namespace Dlrm.Distributed;

/// <summary>A rank could not be reached, did not answer in time, or disagrees with the others.</summary>
/// <param name="message">Which rank, on which host, what happened and what to do.</param>
/// <param name="inner">What the transport said.</param>
public sealed class CommunicationException(string message, Exception? inner = null) : Exception(message, inner);
