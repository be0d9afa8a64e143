# frozen_string_literal: true

RSpec.describe KindeApi::Model do
  let(:request) { KindeApi::CreateUserRequest.new(profile: { given_name: "A" }, identities: [{ type: "email", details: { email: "a@b.c" } }]) }

  it "has its attributes, those inside of it too" do
    expect(request.profile).to be_a(KindeApi::CreateUserRequestProfile)
    expect(request.identities.first.details.email).to eq("a@b.c")
    request.profile.given_name = "B"
    request.provided_id = "p"
    request.identities = [{ type: "username" }]
    expect(request.to_hash).to eq(profile: { given_name: "B" }, identities: [{ type: "username" }], provided_id: "p")
    expect(request.to_hash).to eq(request.to_body)
    expect(JSON.parse(request.to_json)).to eq(JSON.parse(JSON.generate(request.to_hash)))
    expect([request[:provided_id], request["provided_id"]]).to eq(%w[p p])
  end

  it "is equal to one of the same class with the same attributes" do
    same = KindeApi::CreateUserRequest.new(request.to_hash)
    expect([same == request, same.eql?(request), same.hash == request.hash]).to all(be(true))
    expect(KindeApi::UpdateUserRequest.new).not_to eq(KindeApi::CreateUserRequest.new)
    set = [KindeApi::UpdateUserRequest.new(given_name: 1), KindeApi::UpdateUserRequest.new(given_name: 1.0)]
    expect([set.first == set.last, set.first.eql?(set.last)]).to eq([true, false])
    copy = request.dup
    copy.provided_id = "other"
    expect(request.provided_id).to be_nil
    request => { profile: KindeApi::CreateUserRequestProfile => profile }
    expect(profile.given_name).to eq("A")
  end

  it "takes strings for names, and says which are none" do
    expect(KindeApi::CreateUserRequest.new("profile" => { "given_name" => "A" }).profile.given_name).to eq("A")
    expect { KindeApi::CreateUserRequest.new(profil: {}) }.to raise_error(ArgumentError, /profil: is no attribute of KindeApi::CreateUserRequest; the nearest are profile/)
    expect { KindeApi::CreateUserRequest.new(zzz: 1) }.to raise_error(ArgumentError, /those are profile, organization_code/)
    expect { KindeApi::CreateUserRequest.new(profile: { given: 1 }) }.to raise_error(ArgumentError, /CreateUserRequestProfile/)
    expect { request.profil = 1 }.to raise_error(NoMethodError)
  end

  it "may have subclasses" do
    own = Class.new(KindeApi::CreateUserRequest)
    expect(own.new(profile: { given_name: "A" }).profile.given_name).to eq("A")
    expect(own.attribute_names).to eq(KindeApi::CreateUserRequest.attribute_names)
    expect(KindeApi::Model.attribute_names).to eq([])
  end

  it "is built of parsed JSON, of which it takes what it knows" do
    built = KindeApi::CreateUserRequest.build_from_hash("profile" => { "given_name" => "A", "new" => 1 }, "new" => 1)
    expect(built.to_hash).to eq(profile: { given_name: "A" })
    expect(KindeApi::CreateUserRequest.build_from_hash("text")).to be_nil
  end

  it "has one of several shapes, where Kinde says so" do
    request = KindeApi::CreateConnectionRequest.new(name: "saml", options: { saml_sign_in_url: "https://idp.example.com" })
    expect(request.options).to be_a(KindeApi::CreateConnectionRequestOptionsOneOf2)
    expect { KindeApi::CreateConnectionRequest.new(options: { nothing: 1 }) }.to raise_error(ArgumentError, /nothing: is no attribute of any shape/)
    expect(KindeApi::UpdateApplicationsPropertyRequest.new(value: true).value).to be(true)
  end
end
