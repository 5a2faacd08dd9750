# The business's own setup of Request Tracker: a queue, two custom fields, people and their rights.
#
# Read by `rt-setup-database-5 --action insert`. PORTAL_GIVEN names a file {queue, fields: [name], password,
# users: [{name, real_name, kind}]}; the authentication tokens are written to the file that PORTAL_TOKENS names.
use strict;
use warnings;
use JSON ();

our ( @Queues, @CustomFields, @Users, @ACL, @Final );

my $given = do {
    open my $file, '<', $ENV{PORTAL_GIVEN} or die "PORTAL_GIVEN: $!";
    local $/;
    JSON::decode_json(<$file>);
};
my $queue = $given->{queue};

my %rights = (
    # Comments are the business's own. The gateway may see them all the same, so that tests see it leave them out.
    gateway => [
        qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ReplyToTicket ModifyTicket SeeCustomField ModifyCustomField)
    ],
    agent => [
        qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ReplyToTicket CommentOnTicket OwnTicket ModifyTicket SeeCustomField)
    ],
    powerless => [],
    customer  => [],
);

@Queues = ( { Name => $queue, Description => 'What customers ask' } );

@CustomFields = map {
    {
        Name       => $_,
        Type       => 'FreeformSingle',
        LookupType => 'RT::Queue-RT::Ticket',
        MaxValues  => 1,
        Queue      => $queue,
    }
} @{ $given->{fields} };

@Users = map {
    {
        Name         => $_->{name},
        EmailAddress => $_->{name},
        RealName     => $_->{real_name},
        Password     => $given->{password},
        Privileged   => $_->{kind} eq 'customer' ? 0 : 1,
    }
} @{ $given->{users} };

@ACL = (
    { GroupDomain => 'SystemInternal', GroupType => 'Everyone', Right => 'CreateTicket', Queue => $queue },
    { GroupDomain => 'RT::System-Role', GroupType => 'Requestor', Right => [qw(ShowTicket ReplyToTicket)] },
);
for my $user ( @{ $given->{users} } ) {
    push @ACL, map { { UserId => $user->{name}, Queue => $queue, Right => $_ } } @{ $rights{ $user->{kind} } };
}

@Final = (
    sub {
        my %tokens;
        for my $user ( grep { $_->{kind} =~ /^(?:gateway|powerless)$/ } @{ $given->{users} } ) {
            my $owner = RT::User->new( RT->SystemUser );
            $owner->Load( $user->{name} );
            my $token = RT::AuthToken->new( RT->SystemUser );
            my ( $ok, $message, $text ) = $token->Create( Owner => $owner->Id, Description => 'portal' );
            die "token of $user->{name}: $message" unless $ok;
            $tokens{ $user->{kind} } = $text;
        }
        open my $file, '>', $ENV{PORTAL_TOKENS} or die "PORTAL_TOKENS: $!";
        print {$file} JSON::encode_json( \%tokens );
        close $file or die "PORTAL_TOKENS: $!";
    }
);

1;
